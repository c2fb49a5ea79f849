import type { Locator, Page } from 'playwright-core';
import type { Browser } from '../chromium.js';

export type PoolTitle = 'In this page' | 'In NestJS';

/** What the browser writes by itself where a server does not answer, or refuses a WebSocket. */
const OF_THE_BROWSER = /^(Failed to load resource: net::ERR_|WebSocket connection to .* failed: )/;

/** How a page is opened. */
export interface Appearance {
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
}

/** The dashboard in a browser, in the words of its user. */
export class DashboardPage {
  /** What the page has thrown and not caught, and what it has written as errors. */
  readonly errors: string[] = [];

  private constructor(readonly page: Page) {
    page.on('pageerror', (error) => this.errors.push(`${error.stack ?? error}`));
    page.on('console', (message) => {
      if (message.type() === 'error' && !OF_THE_BROWSER.test(message.text())) this.errors.push(message.text());
    });
  }

  static async open(browser: Browser, url: string, { colorScheme = 'light', width = 1280 }: Appearance = {}) {
    const page = await browser.context.newPage();
    page.setDefaultTimeout(30_000);
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    const dashboard = new DashboardPage(page);
    await page.goto(url);
    return dashboard;
  }

  async close(): Promise<void> {
    await this.page.close();
  }

  async choose(pool: PoolTitle): Promise<void> {
    await this.page.getByRole('tab', { name: pool }).click();
    await this.page.getByRole('tabpanel', { name: pool }).waitFor();
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  get rate(): Locator {
    return this.page.getByRole('slider', { name: 'Traffic' });
  }

  /** The summary, once the pool has this status. */
  status(status: string): Locator {
    return this.page.locator(`[data-status="${status}"]`);
  }

  /** The rows of connections, or those in one phase. */
  rows(phase?: string): Locator {
    return this.page.locator(phase === undefined ? 'tr[data-phase]' : `tr[data-phase="${phase}"]`);
  }

  /** The row of a connection that is connected, and has come back so often. */
  back(name: string, times: number): Locator {
    const reconnects = this.page.locator('[data-label="Reconnects"]', { hasText: new RegExp(`^${times}$`) });
    return this.rows('connected').filter({ hasText: name }).filter({ has: reconnects });
  }

  /** The latest entry of the log of this type, about this connection where one is named. */
  entry(type: string, name = ''): Locator {
    return this.page.locator(`li[data-type="${type}"]`, { hasText: name }).first();
  }

  async names(): Promise<readonly string[]> {
    return this.rows().locator('.name').allInnerTexts();
  }

  chart(title: string): Locator {
    return this.page.getByRole('img', { name: title });
  }

  /** What the table beside a chart says of a line now, once it is more than 0. */
  figure(line: string): Locator {
    const cell = this.page.getByRole('row', { name: line }).getByRole('cell').first();
    return cell.filter({ hasText: /^(0\.)?[1-9]/ });
  }

  /** Resolves once there are so many connections in this phase. */
  async counts(phase: string, count: number): Promise<void> {
    await this.page.waitForFunction(`document.querySelectorAll('tr[data-phase="${phase}"]').length === ${count}`);
  }
}
