import { defineConfig } from '@playwright/test';
import tests from './playwright.config.ts';

/** `npm run gallery`: pictures of the page that the tests visit. */
export default defineConfig({ ...tests, testMatch: 'gallery.ts' });
