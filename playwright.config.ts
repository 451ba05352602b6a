import { defineConfig } from '@playwright/test'

/** What is run in browsers other than Chromium. */
const others = ['firefox.spec.ts', 'webkit.spec.ts']

export default defineConfig({
  testDir: 'tests',
  projects: [
    {
      name: 'chromium',
      testMatch: '**/*.spec.ts',
      // Those in long/ run one by one, by `npm run test:long`.
      testIgnore: [...others, ...(process.env.LONG ? [] : ['long/**'])],
    },
    ...others.map((testMatch) => ({ name: testMatch.replace('.spec.ts', ''), testMatch })),
  ],
  outputDir: 'build/test-results',
  globalSetup: './tests/harness/global-setup.ts',
  reporter: 'list',
  // Tests kill browsers and wait for disks: one at a time, and none a second time.
  workers: 1,
  retries: 0,
  timeout: 60_000,
  forbidOnly: true,
})
