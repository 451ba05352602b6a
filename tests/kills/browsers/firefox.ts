import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFirefox } from '../../../scripts/lib/browser.mjs'
import { Failure } from '../../../scripts/lib/run.mjs'
import { Browser } from './browser.js'

/** What keeps Firefox from showing pages of its own, also after it was killed many times. */
const PREFERENCES = {
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  // A picture of a page is taken by loading it once more, in a container.
  'browser.pagethumbnails.capturing_disabled': true,
  'browser.newtabpage.enabled': false,
  'browser.sessionstore.resume_from_crash': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'dom.allow_scripts_to_close_windows': true,
  'dom.disable_open_during_load': false,
  'dom.popup_maximum': -1,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.startup.max_resumed_crashes': -1,
  'toolkit.telemetry.enabled': false,
}

/** Firefox without a window. */
export class Firefox extends Browser {
  constructor(profile: string, url: string) {
    const lines = Object.entries(PREFERENCES).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    )
    writeFileSync(join(profile, 'user.js'), lines.join(''))
    const command = findFirefox()
    if (command === undefined) throw new Failure('Firefox is missing: set FIREFOX to its path')
    super(profile, {
      command,
      args: ['--headless', '--no-remote', '--profile', profile, url],
      env: { MOZ_CRASHREPORTER_DISABLE: '1' },
    })
  }
}
