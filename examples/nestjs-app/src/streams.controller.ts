import { Controller, Inject, type MessageEvent, Sse } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { PoolStreams } from 'rxpool/nestjs';

@Controller()
export class StreamsController {
  constructor(@Inject(PoolStreams) private readonly streams: PoolStreams) {}

  /** One stream for everything: a browser opens six connections to an origin. */
  @Sse('pools')
  pools(): Observable<MessageEvent> {
    return this.streams.all();
  }
}
