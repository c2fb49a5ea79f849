import {
  BadRequestException,
  Body,
  type CallHandler,
  Controller,
  type ExecutionContext,
  HttpCode,
  Inject,
  Injectable,
  type MessageEvent,
  type NestInterceptor,
  type OnApplicationShutdown,
  Post,
  Put,
  Query,
  Sse,
} from '@nestjs/common';
import { endWith, finalize, ignoreElements, map, merge, type Observable, share, takeUntil } from 'rxjs';
import { PoolStreams } from 'rxpool/nestjs';
import type { ZcachedConnection } from 'rxpool/zcached';
import { Demo } from './demo.js';
import { PoolReports } from './pool-reports.js';

const MAX_RATE = 500;

/** Breaks things, so that healing can be watched. Only in the demo mode. */
@Controller('demo')
export class DemoController {
  constructor(
    @Inject(Demo) private readonly demo: Demo,
    @Inject(PoolStreams) private readonly streams: PoolStreams,
    @Inject(PoolReports) private readonly reports: PoolReports<ZcachedConnection>,
  ) {}

  /** All that the dashboard shows of the pool of users. */
  @Sse('stream')
  stream(): Observable<MessageEvent> {
    // It completes at shutdown, and the rest with it. It is subscribed to first, since it begins with a value.
    const pool$ = this.streams.all('users').pipe(share());
    const isOver$ = pool$.pipe(ignoreElements(), endWith(true));
    const message = (type: string) => map((data: object): MessageEvent => ({ type, data, retry: 500 }));
    const rest$ = merge(
      this.demo.switches$.pipe(message('switches')),
      this.reports.connections$.pipe(message('connections')),
      this.reports.calls$.pipe(message('calls')),
    );
    return merge(pool$, rest$.pipe(takeUntil(isOver$)));
  }

  @Put('rate')
  @HttpCode(204)
  setRate(@Body('rate') rate: unknown): void {
    if (typeof rate !== 'number' || !(rate >= 0 && rate <= MAX_RATE)) {
      throw new BadRequestException(`rate must be a number from 0 to ${MAX_RATE}`);
    }
    this.demo.setRate(rate);
  }

  @Post('cut')
  @HttpCode(204)
  cut(@Query('name') name?: string): void {
    this.demo.cut(name);
  }

  @Post('stop')
  @HttpCode(204)
  async stop(): Promise<void> {
    await this.demo.stop();
  }

  @Post('start')
  @HttpCode(204)
  async start(): Promise<void> {
    await this.demo.start();
  }

  @Post('sockets/cut')
  @HttpCode(204)
  cutSocket(@Query('id') id: string): void {
    this.demo.cutSocket(id);
  }

  @Post('sockets/stop')
  @HttpCode(204)
  stopSockets(): void {
    this.demo.stopSockets();
  }

  @Post('sockets/start')
  @HttpCode(204)
  startSockets(): void {
    this.demo.startSockets();
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
