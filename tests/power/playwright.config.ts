import { defineConfig } from '@playwright/test'

export default defineConfig({
  testDir: '.',
  testMatch: '*.check.ts',
  outputDir: '../../build/test-results-power',
  globalSetup: '../harness/global-setup.ts',
  reporter: 'list',
  workers: 1,
  retries: 0,
  timeout: 300_000,
  forbidOnly: true,
})
