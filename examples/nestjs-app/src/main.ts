import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { appModule } from './app.module.js';
import { settingsOf } from './settings.js';

async function main(): Promise<void> {
  const settings = settingsOf(process.argv.slice(2), process.env);
  const app = await NestFactory.create<NestExpressApplication>(appModule(settings), { abortOnError: false });
  if (settings.page) app.useStaticAssets(settings.page);
  // What `app.enableShutdownHooks()` does, but for the end of the process, which comes by itself.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void app.close());
  await app.listen(settings.port);
  console.log(`Listening at ${await app.getUrl()}`);
}

// A pool that does not start leaves nothing open: the process ends by itself.
main().catch((error: Error & { readonly code?: unknown }) => {
  console.error(error.message);
  process.exitCode = String(error.code).startsWith('ERR_PARSE_ARGS') ? 2 : 1;
});
