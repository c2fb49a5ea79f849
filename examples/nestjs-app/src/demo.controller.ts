import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  HttpCode,
  Inject,
  Injectable,
  type NestInterceptor,
  type OnApplicationShutdown,
  Post,
} from '@nestjs/common';
import { finalize, type Observable } from 'rxjs';
import { Backend } from './backend.js';

/** Breaks things, so that healing can be watched. Only in the demo mode. */
@Controller('demo')
export class DemoController {
  constructor(@Inject(Backend) private readonly backend: Backend) {}

  @Post('cut')
  @HttpCode(204)
  cut(): void {
    this.backend.cut();
  }

  @Post('stop')
  @HttpCode(204)
  async stop(): Promise<void> {
    await this.backend.stop();
  }

  @Post('start')
  @HttpCode(204)
  async start(): Promise<void> {
    await this.backend.start();
  }
}

/** Says at the end how many handlers have begun, and how many of them have finished. */
@Injectable()
export class HandlerCount implements NestInterceptor, OnApplicationShutdown {
  #begun = 0;
  #finished = 0;

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    this.#begun++;
    return next.handle().pipe(finalize(() => this.#finished++));
  }

  onApplicationShutdown(): void {
    console.log(`Handlers: ${this.#begun} begun, ${this.#finished} finished`);
  }
}
