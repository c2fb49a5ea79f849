import { startZcachedServer, type ZcachedServerOptions } from 'rxpool/testing/node';
import { track } from '../../support/cleanup.js';
import { until } from '../../support/until.js';
import { frame, request, wire } from './bytes.js';

/** A server, and a way to send it bytes as they are. */
async function start(options: ZcachedServerOptions = {}) {
  const flaws = { ordersByHash: false, crashesOnBadRequest: false, silencesNeighbour: false };
  const server = track(await startZcachedServer({ flaws, ...options }));
  const dial = async () => {
    const client = track(await wire(server.port));
    /** Sends and waits for as many lines as are expected. */
    const ask = async (bytes: string, lines = 1): Promise<string> => {
      client.seen = '';
      client.send(bytes);
      const whole = () => server.generation === '2024' || client.seen.endsWith('\x03');
      await until(() => client.seen.split('\n').length > lines && whole());
      return client.seen;
    };
    return { socket: client.socket, ask };
  };
  return { server, dial };
}

describe('2025', () => {
  it.each([
    [['PING'], '+PONG\r\n'],
    [['ping'], '+PONG\r\n'],
    [['GET', 'k'], "-ERR 'k' not found\r\n"],
    [['DELETE', 'k'], "-ERR 'k' not found\r\n"],
    [['SET', 'k', 'v'], '+OK\r\n'],
    [['SET', ':1\r\n', 'v'], '-ERR unexpected\r\n'],
    [['SET', 'k'], '-ERR unexpected\r\n'],
    [['MSET', 'a'], '-ERR unexpected\r\n'],
    [['NOPE', 'x'], "-ERR unknown command 'NOPE'\r\n"],
    [['SAVE'], '-NOSAVE error while saving data\r\n'],
    [['DBSIZE'], ':0\r\n'],
    [['KEYS'], '*0\r\n'],
    [['ECHO', 'hi'], '$2\r\nhi\r\n'],
    [['ECHO', ':1\r\n'], '-ERR unexpected\r\n'],
    [['SIZEOF', 'k'], "-ERR 'k' not found\r\n"],
    [['RENAME', 'k', 'l'], "-ERR 'k' not found\r\n"],
    [['COPY', 'k', 'l'], "-ERR 'k' not found\r\n"],
    [['COPY', 'k', 'l', 'MAYBE'], '-ERR unexpected\r\n'],
    [['SET', 'k', ':x\r\n'], '-TYPERR invalid type\r\n'],
    [['SET', 'k', '#x\r\n'], '-TYPERR invalid type\r\n'],
    [['SET', 'k', ':\r\n'], '-ERR unprocessable\r\n'],
    [['SET', 'k', ',\r\n'], '-ERR unprocessable\r\n'],
    [['SET', 'k', '%0\r\n'], '-ERR unprocessable\r\n'],
    [['SET', 'k', '%1\r\n:1\r\n:2\r\n'], '-ERR key must be a string\r\n'],
    [['SET', 'k', '*x\r\n'], '-INVAL invalid length\r\n'],
    [['SET', 'k', ''], '-ERR unprocessable\r\n'],
  ])('a 2025 server answers %p with %p', async (args, answer) => {
    const { ask } = await (await start()).dial();
    expect(await ask(frame(...args))).toBe(`${answer}\x03`);
  });

  it('a 2025 server waits for the end of a frame and does not answer without it', async () => {
    const { server, dial } = await start();
    const { ask, socket } = await dial();
    socket.write(request('PING'));
    expect(await ask('\x03')).toBe('+PONG\r\n\x03');
    expect(server.requests).toBe(1);
  });

  it('a 2025 server answers every frame of a segment, and takes 0x03 in a value as the end of one', async () => {
    const { ask } = await (await start()).dial();
    expect(await ask(frame('PING') + frame('DBSIZE'), 2)).toBe('+PONG\r\n\x03:0\r\n\x03');
    await ask(`${frame('SET', 'a', '1')}${frame('SET', 'b', `x\r\n\x03${frame('FLUSH')}`)}`, 4);
    expect(await ask(frame('DBSIZE'))).toBe(':0\r\n\x03');
  });

  it('a 2025 server reads a string as a line, whatever its length states', async () => {
    const { ask } = await (await start()).dial();
    await ask('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$99\r\nv\r\n\x03');
    expect(await ask(frame('GET', 'k'), 2)).toBe('$1\r\nv\r\n\x03');
  });

  it('a 2025 server stores values of every type', async () => {
    const { ask } = await (await start()).dial();
    const stored = '%1\r\n$1\r\na\r\n*4\r\n:1\r\n,0.5\r\n#t\r\n_\r\n';
    await ask(frame('SET', 'k', stored));
    expect(await ask(frame('GET', 'k'), 7)).toBe(`${stored}\x03`);
    await ask(frame('SET', 's', '~3\r\n:1\r\n:1\r\n:2\r\n'));
    expect(await ask(frame('GET', 's'), 3)).toBe('~2\r\n:1\r\n:2\r\n\x03');
    expect(await ask(frame('SIZEOF', 's'))).toBe(':2\r\n\x03');
    await ask(frame('SET', 'o', '/4\r\n:2\r\n+b\r\n:1\r\n:2\r\n'));
    expect(await ask(frame('GET', 'o'), 4)).toBe('/3\r\n:2\r\n+b\r\n:1\r\n\x03');
    expect(await ask(frame('MGET', 'k', 'no'), 11)).toBe(`%2\r\n$1\r\nk\r\n${stored}$2\r\nno\r\n_\r\n\x03`);
  });

  it('a 2025 server prints numbers without an exponent', async () => {
    const { ask } = await (await start()).dial();
    for (const [sent, kept] of [
      ['1e21', `1${'0'.repeat(21)}`],
      ['1.0', '1'],
      ['1.25e-7', '0.000000125'],
      ['-0', '-0'],
      ['-123.5', '-123.5'],
      ['nan', 'nan'],
      ['-INF', '-inf'],
    ]) {
      await ask(frame('SET', 'k', `,${sent}\r\n`));
      expect(await ask(frame('GET', 'k'))).toBe(`,${kept}\r\n\x03`);
    }
  });

  it('a 2025 server refuses COPY to an existing key without "replace", and moves a key on RENAME', async () => {
    const { ask } = await (await start()).dial();
    await ask(frame('MSET', 'a', 'x', 'b', 'y'));
    expect(await ask(frame('COPY', 'a', 'b'))).toBe('-BUSYKEY key already exists\r\n\x03');
    expect(await ask(frame('COPY', 'a', 'b', 'replace'), 2)).toBe('$2\r\nOK\r\n\x03');
    expect(await ask(frame('RENAME', 'a', 'c'))).toBe('+OK\r\n\x03');
    expect(await ask(frame('KEYS'), 5)).toBe('*2\r\n$1\r\nb\r\n$1\r\nc\r\n\x03');
  });

  it.each([
    ['$2\r\nhi\r\n', 2],
    ['+hi\r\n', 2],
    ['*3\r\n:1\r\n:1\r\n_\r\n', 3],
    [':7\r\n', 8],
    ['#f\r\n', 1],
    ['_\r\n', 0],
  ])('SIZEOF on a 2025 server returns the size of %j', async (value, size) => {
    const { ask } = await (await start()).dial();
    await ask(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${value}\x03`);
    expect(await ask(frame('SIZEOF', 'k'))).toBe(`:${size}\r\n\x03`);
  });

  it('ECHO on a 2025 server returns a simple string unchanged', async () => {
    const { ask } = await (await start()).dial();
    expect(await ask('*2\r\n$4\r\nECHO\r\n+hi\r\n\x03')).toBe('+hi\r\n\x03');
  });

  it('a 2025 server resets a connection whose request is too large', async () => {
    const { dial, server } = await start({ maxRequestBytes: 1000 });
    const { socket } = await dial();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(frame('SET', 'k', 'x'.repeat(2000)));
    await closed;
    expect(server.requests).toBe(0);
  });
});

describe('2024', () => {
  it.each([
    ['PING', request('PING'), '+PONG\r\n'],
    ['PING with an end of frame', frame('PING'), '+PONG\r\n'],
    ['a miss', request('GET', 'k'), "-ERR 'k' not found\r\n"],
    ['a command of later', request('ECHO', 'x'), "-ERR unknown command 'ECHO'\r\n"],
    ['a key that is no string', request('SET', ':1\r\n', 'v'), '-TYPERR key not string\r\n'],
    ['no integer', request('SET', 'k', ':x\r\n'), '-TYPERR not integer\r\n'],
    ['no boolean', request('SET', 'k', '#x\r\n'), '-TYPERR not boolean\r\n'],
    ['a set', request('SET', 'k', '~1\r\n:1\r\n'), '-ERR bad request\r\n'],
    ['a length that is none', '*x\r\n', '-ERR unexpected\r\n'],
    ['a map with a key that is no string', request('SET', 'k', '%1\r\n:1\r\n:2\r\n'), '-ERR unexpected\r\n'],
    ['an error for a value', request('SET', 'k', '-x\r\n'), '-ERR unexpected\r\n'],
    ['a simple string for a command', '*1\r\n+PING\r\n', '+PONG\r\n'],
    ['nothing at all', '*0\r\n', '-ERR unknown command\r\n'],
    ['a wrong length', '*1\r\n$9\r\nPING\r\n', '-ERR bad request\r\n'],
    ['an empty string', request('SET', 'k', ''), '+OK\r\n'],
    ['nothing to save', request('SAVE'), '-ERR there is no data to save\r\n'],
  ])('a 2024 server: %s', async (_, sent, answer) => {
    const { ask } = await (await start({ generation: '2024' })).dial();
    expect(await ask(sent)).toBe(answer);
  });

  it('a 2024 server drops a second request in the same segment', async () => {
    const { server, dial } = await start({ generation: '2024' });
    const { ask } = await dial();
    expect(await ask(request('PING') + request('DBSIZE'))).toBe('+PONG\r\n');
    expect(await ask(request('DBSIZE'))).toBe(':0\r\n');
    expect(server.requests).toBe(2);
  });

  it('a 2024 server answers a request in two segments with two errors', async () => {
    const { dial } = await start({ generation: '2024' });
    const { socket, ask } = await dial();
    const whole = request('SET', 'k', 'v');
    expect(await ask(whole.slice(0, 10))).toBe('-ERR bad request\r\n');
    socket.write(whole.slice(10));
    expect(await ask('')).toBe('-ERR bad request\r\n');
  });

  it('a 2024 server stores 0x03 in a value', async () => {
    const { ask } = await (await start({ generation: '2024' })).dial();
    await ask(request('SET', 'k', 'a\x03b'));
    expect(await ask(request('GET', 'k'), 2)).toBe('$3\r\na\x03b\r\n');
  });
});
