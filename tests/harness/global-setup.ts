import { bundleSuites } from '../../scripts/lib/bundle.mjs'

export default bundleSuites
