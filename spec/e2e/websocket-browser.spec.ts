import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Browser, startChromium } from './chromium.js';
import type { InPage } from './page/websocket.js';

/** What the page has while the test reads it. */
declare const inPage: InPage;

let browser: Browser;
let page: Page;
const pageErrors: Error[] = [];
const http = createServer();
const sockets = new WebSocketServer({ server: http, path: '/socket' });
/** How the server greets a new connection. */
let greet: (socket: WebSocket) => void = () => {};

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: ['spec/e2e/page/websocket.ts'],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    write: false,
    // What has been built, as an application would have it installed.
    alias: { rxpool: './dist/esm/index.mjs', 'rxpool/websocket': './dist/esm/websocket.mjs' },
  });
  http.on('request', (request, response) => {
    if (request.url === '/page.js') response.setHeader('Content-Type', 'text/javascript').end(outputFiles[0]?.text);
    else response.setHeader('Content-Type', 'text/html').end('<!doctype html><script src="/page.js"></script>');
  });
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => {
      const { id, ask } = JSON.parse(String(data));
      socket.send(JSON.stringify({ id, answer: ask }));
    });
    greet(socket);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  browser = await startChromium();
}, 60_000);

afterAll(async () => {
  await browser.close();
  for (const socket of sockets.clients) socket.terminate();
  sockets.close();
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
});

beforeEach(async () => {
  greet = () => {};
  page = await browser.context.newPage();
  page.on('pageerror', (error) => pageErrors.push(error));
  await page.goto(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
});

afterEach(async () => {
  await page.close();
  expect(pageErrors.splice(0)).toEqual([]);
});

const cutAll = (): void => {
  for (const socket of sockets.clients) socket.terminate();
};

describe('A pool of WebSocketConnections in Chromium', () => {
  it('has its requests answered over a URL relative to the page, and is whole again after a cut', async () => {
    await page.evaluate(() => inPage.ready());
    expect(await page.evaluate(() => inPage.ask('héllo'))).toBe('héllo');
    expect(await page.evaluate(() => inPage.endpoint())).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/socket$/);
    cutAll();
    await page.waitForFunction(() => inPage.events.filter((type) => type === 'connected').length === 4);
    expect(await page.evaluate(() => inPage.ask('again'))).toBe('again');
    await page.evaluate(() => inPage.dispose());
    expect(await page.evaluate(() => inPage.health().status)).toBe('closed');
  });

  it.each<[string, () => Promise<void>, () => Promise<void>]>([
    ['offline', () => page.context().setOffline(true), () => page.context().setOffline(false)],
    [
      'hidden',
      () => page.evaluate(() => inPage.setVisibility('hidden')),
      () => page.evaluate(() => inPage.setVisibility('visible')),
    ],
  ])('dials nothing while the page is %s, and at once when it is not any more', async (_, sleep, wake) => {
    await page.evaluate(() => inPage.ready());
    await sleep();
    await page.waitForFunction(() => inPage.events.includes('breaker-changed'));
    cutAll();
    // The first backoff is 100 ms at most. By then the dials are due, and wait.
    await page.waitForFunction(() => inPage.health().broken === 2);
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 150)));
    expect(await page.evaluate(() => inPage.dials())).toBe(2);
    await expect(page.evaluate(() => inPage.ask('refused'))).rejects.toThrow('circuit');
    await wake();
    await page.waitForFunction(() => inPage.health().status === 'healthy');
    expect(await page.evaluate(() => inPage.dials())).toBe(4);
  });

  it('keeps the close code of the server, and gives a connection up for 4401', async () => {
    greet = (socket) => socket.close(4401, 'log in');
    await page.evaluate(() => inPage.ready().catch(() => {}));
    await page.waitForFunction(() => inPage.health().abandoned === 2);
    const [cause] = await page.evaluate(() => inPage.causes());
    expect(cause).toMatchObject({ closeCode: 4401, reason: 'log in', wasClean: true, terminal: true });
  });

  it('a refused handshake has no status, because a browser tells a page nothing of it', async () => {
    const error = await page.evaluate(() => inPage.failed('/nowhere', {}));
    expect(error).toMatchObject({ code: 'ERR_WEBSOCKET_CONNECT', terminal: false });
    expect(error).not.toHaveProperty('status', expect.anything());
  });
});
