import { bootstrapApplication } from '@angular/platform-browser';
import { config } from './zoneless.config.js';
import { ZonelessRoot } from './zoneless-root.js';

bootstrapApplication(ZonelessRoot, config).catch((error) => console.error(error));
