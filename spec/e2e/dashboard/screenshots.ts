import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { startChromium } from '../chromium.js';
import { startServedPage } from './served-page.js';

const FOLDER = path.resolve('examples/angular-dashboard/screenshots');

const SHOTS = [
  { name: 'light', colorScheme: 'light', width: 1280, height: 800, isDown: false },
  { name: 'narrow', colorScheme: 'light', width: 390, height: 844, isDown: false },
  { name: 'dark', colorScheme: 'dark', width: 1280, height: 800, isDown: true },
] as const;

/** Lets a minute pass in which something happens, and then takes each picture: the dark one in an outage. */
export async function takeScreenshots(): Promise<void> {
  const application = await startServedPage();
  const browser = await startChromium();
  try {
    const page = await browser.context.newPage();
    await page.goto(application.url('/'));
    await page.setViewportSize({ width: 1280, height: 880 });
    await story(page);
    for (const { name, colorScheme, width, height, isDown } of SHOTS) {
      if (isDown) {
        await page.getByRole('button', { name: 'Stop the server' }).click();
        await page.waitForTimeout(5_000);
      }
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      await page.waitForTimeout(1_500);
      const file = path.join(FOLDER, `${name}.png`);
      await page.screenshot({ path: file, fullPage: true });
      spawnSync('pngquant', ['--force', '--ext', '.png', '--quality', '70-95', file]); // where it is installed
      console.log(`${file}: ${Math.round(statSync(file).size / 1_000)} kB`);
    }
  } finally {
    await browser.close();
    application.terminate();
    await application.ended();
  }
}

async function story(page: Page): Promise<void> {
  const wait = (seconds: number): Promise<void> => page.waitForTimeout(seconds * 1_000);
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const rate = page.getByRole('slider');
  await wait(14);
  await button('Cut socket-2').click();
  await wait(6);
  await rate.fill('90');
  await wait(10);
  await button('Stop the server').click();
  await wait(4);
  await button('Start the server').click();
  await wait(8);
  await button('Cut socket-4').click();
  await rate.fill('60');
  await wait(16);
}
