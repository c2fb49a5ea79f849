import path from 'node:path';
import { Application } from '../application.js';
import { FOLDERS } from '../folders.js';

const APPLICATION = path.resolve('examples/nestjs-app/dist');
const PAGE = path.resolve('examples/angular-dashboard/dist');

/** The application of NestJS in its demo mode, with the page that has been built. */
export async function startServedPage(port = '0'): Promise<Application> {
  process.env[FOLDERS[12]] ??= APPLICATION;
  return Application.start(12, { args: ['--demo'], env: { PAGE, PORT: port } });
}
