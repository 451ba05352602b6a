import { defineConfig } from '@playwright/test'

export default defineConfig({
  testDir: '.',
  testMatch: '*.check.ts',
  outputDir: '../../build/test-results-bundlers',
  globalSetup: './pack.ts',
  reporter: 'list',
  workers: 1,
  retries: 0,
  timeout: 60_000,
  forbidOnly: true,
})
