// Serves one of the applications at a free port: node serve.mjs FOLDER. Pages are rendered here where it has a server.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const folder = join(import.meta.dirname, 'dist', process.argv[2]);
const rendering = join(folder, 'server/server.mjs');
const { reqHandler: render } = existsSync(rendering)
  ? await import(rendering)
  : { reqHandler: (_request, response) => response.setHeader('Content-Type', 'text/html').end(read('/index.html')) };

const read = (path) => readFileSync(join(folder, 'browser', path));

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (pathname.endsWith('.js')) response.setHeader('Content-Type', 'text/javascript').end(read(pathname));
  else render(request, response, (error) => response.writeHead(500).end(`${error}`));
});
server.listen(0, '127.0.0.1', () => console.log(`Listening at http://127.0.0.1:${server.address().port}`));
