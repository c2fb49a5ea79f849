import { EchoServer, Site } from './angular-site.js';

describe('An application of Angular that is rendered on a server', () => {
  it('dials nothing, and sends the page at once: it shows that the request was refused, and why', async () => {
    const [echo, site] = await Promise.all([EchoServer.start(), Site.start('zoneless')]);
    const response = await fetch(site.url(echo));
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(page).toContain('<p id="health">empty: 0 of 2, 0</p>');
    expect(page).toContain('ServerRenderingError: use() of the pool was called while a page is rendered on a server');
    expect(echo.accepted).toBe(0);
    expect(site.output).not.toMatch(/error|warn/i);
    await Promise.all([echo.close(), site.stop()]);
  });
});
