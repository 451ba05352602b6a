import { defineConfig } from 'vite'
import { cityData } from './data/plugin.ts'

export default defineConfig({
  // Relative, so that the built page can be served from any folder.
  base: './',
  plugins: [cityData()],
  build: { target: 'es2022' },
})
