import { expectTypeOf } from 'expect-type';
import type { Observable } from 'rxjs';
import { type BreakerState, ConnectionPool, type DialReport, dialWhile } from 'rxpool';
import {
  pageAwake,
  WebSocketClosedError,
  WebSocketConnection,
  type WebSocketConstructor,
  type WebSocketData,
  type WebSocketOptions,
} from 'rxpool/websocket';

interface Call {
  readonly method: string;
}

interface Message {
  readonly id?: number;
  readonly result: string;
}

declare const socketClass: WebSocketConstructor;

// JSON by id: the reply is the message.
const json = new WebSocketConnection<Call, Message>('wss://host');
expectTypeOf(json.request({ method: 'a' })).toEqualTypeOf<Promise<Message>>();
expectTypeOf(json.messages$).toEqualTypeOf<Observable<Message>>();
expectTypeOf(json.endpoint).toEqualTypeOf<string | undefined>();
// @ts-expect-error: another request.
json.request({ verb: 'a' });
// @ts-expect-error: an option that calls do not have.
json.request({ method: 'a' }, { key: 1 });

// The types follow from the options.
const inferred = new WebSocketConnection('wss://host', {
  WebSocket: socketClass,
  encode: (request: number, id) => {
    expectTypeOf(id).toEqualTypeOf<number>();
    return `${id} ${request}`;
  },
  decode: (data): Message => {
    expectTypeOf(data).toEqualTypeOf<string | ArrayBuffer>();
    return { result: String(data) };
  },
  correlate: (message) => message.id,
  reply: (message) => message.result.length,
});
expectTypeOf(inferred).toEqualTypeOf<WebSocketConnection<number, Message, number>>();
expectTypeOf(inferred.request(5)).toEqualTypeOf<Promise<number>>();
expectTypeOf(inferred.messages$).toEqualTypeOf<Observable<Message>>();

// Without `reply` a reply is a message.
const inOrder = new WebSocketConnection('wss://host', {
  encode: (request: string) => request,
  decode: (data) => Number(data),
  inOrder: true,
});
expectTypeOf(inOrder.request('a')).toEqualTypeOf<Promise<number>>();
// @ts-expect-error: `reply` is missing.
new WebSocketConnection<Call, Message, number>('wss://host', {});
// @ts-expect-error: and so are all options.
new WebSocketConnection<Call, Message, number>('wss://host');
// @ts-expect-error: an id is a number.
new WebSocketConnection<Call, Message>('wss://host', { correlate: () => 'id' });

expectTypeOf<WebSocketData>().toEqualTypeOf<string | ArrayBuffer | ArrayBufferView>();
expectTypeOf<WebSocketOptions<Call>['ping']>().toEqualTypeOf<(() => Call) | undefined>();
new WebSocketConnection<Call, Message>(async ({ signal }) => `wss://host/?aborted=${signal}`);

const pool = new ConnectionPool(2, () => new WebSocketConnection<Call, Message>('wss://host'), {
  breaker: dialWhile(pageAwake({ evenHidden: true })),
});
expectTypeOf(pool.use((connection) => connection.request({ method: 'a' }))).toEqualTypeOf<Promise<Message>>();
expectTypeOf(dialWhile(pageAwake())).returns.toEqualTypeOf<Observable<BreakerState>>();
expectTypeOf(dialWhile(pageAwake())).parameter(0).toEqualTypeOf<Observable<DialReport>>();

export const codeOf = (cause: unknown): number | undefined =>
  cause instanceof WebSocketClosedError ? cause.closeCode : undefined;
