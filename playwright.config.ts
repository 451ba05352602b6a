import { defineConfig } from '@playwright/test'

export default defineConfig({
  testDir: 'tests',
  testMatch: '**/*.spec.ts',
  // Those run one by one, by `npm run test:long`.
  testIgnore: process.env.LONG ? [] : 'long/**',
  outputDir: 'build/test-results',
  globalSetup: './tests/harness/global-setup.ts',
  reporter: 'list',
  // Tests kill browsers and wait for disks: one at a time, and none a second time.
  workers: 1,
  retries: 0,
  timeout: 60_000,
  forbidOnly: true,
})
