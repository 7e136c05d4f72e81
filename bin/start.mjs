#!/usr/bin/env node
// npm start: builds the page, serves it, prints its address, opens a browser where there is one.
import { build, preview } from 'vite';

const hasScreen = process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

await build({ logLevel: 'warn' });
const server = await preview({ preview: { open: hasScreen && !process.env.CI } });
const [address] = server.resolvedUrls?.local ?? [];
console.log(`\n  Nibble is at ${address}\n  Ctrl+C stops it.\n`);
