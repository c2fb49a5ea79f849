import { type ApplicationRef, mergeApplicationConfig } from '@angular/core';
import { type BootstrapContext, bootstrapApplication } from '@angular/platform-browser';
import { provideServerRendering, RenderMode, withRoutes } from '@angular/ssr';
import { config } from './zoneless.config.js';
import { ZonelessRoot } from './zoneless-root.js';

const routes = withRoutes([{ path: '**', renderMode: RenderMode.Server }]);
const onServer = mergeApplicationConfig(config, { providers: [provideServerRendering(routes)] });

export default (context: BootstrapContext): Promise<ApplicationRef> =>
  bootstrapApplication(ZonelessRoot, onServer, context);
