import { findWebKit } from '../../../scripts/lib/browser.mjs'
import { Failure } from '../../../scripts/lib/run.mjs'
import { Browser } from './browser.js'

/**
 * WebKitGTK on a screen that nobody sees. It is not driven: a driven one keeps nothing on the disk.
 */
export class WebKit extends Browser {
  constructor(profile: string, url: string, display: string) {
    const command = findWebKit()?.browser
    if (command === undefined)
      throw new Failure('WebKitGTK is missing: set MINIBROWSER to its path')
    super(profile, {
      command,
      args: ['--javascript-can-open-windows-automatically=true', url],
      env: {
        DISPLAY: display,
        DBUS_SESSION_BUS_ADDRESS: 'disabled:',
        NO_AT_BRIDGE: '1',
        HOME: profile,
        XDG_DATA_HOME: `${profile}/data`,
        XDG_CACHE_HOME: `${profile}/cache`,
        XDG_CONFIG_HOME: `${profile}/config`,
        LIBGL_ALWAYS_SOFTWARE: '1',
      },
    })
  }
}
