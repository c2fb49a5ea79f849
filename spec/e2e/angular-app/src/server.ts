import { AngularNodeAppEngine, createNodeRequestHandler, writeResponseToNodeResponse } from '@angular/ssr/node';

const engine = new AngularNodeAppEngine({ allowedHosts: ['127.0.0.1'] });

/** Renders pages; everything else is left to the next handler. */
export const reqHandler = createNodeRequestHandler(async (request, response, next) => {
  const page = await engine.handle(request);
  if (page) await writeResponseToNodeResponse(page, response);
  else next();
});
