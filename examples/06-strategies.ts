// How a connection is chosen: built-in strategies, as an option or over any stream of connections, and one of your own.
import { map } from 'rxjs';
import { ConnectionPool, leastLoaded, type Picker, powerOfTwoChoices, roundRobin, type Strategy, sticky } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';

class Replica extends ZcachedConnection {
  constructor(
    port: number,
    name: string,
    readonly zone: string,
    readonly cores: number,
  ) {
    super({ port, name });
  }
}

type Replicas = readonly Replica[];

/** A strategy makes pickers of arrays. This one picks the first of its zone, or of all where that zone has none. */
const nearest = (zone: string): Strategy<Replica> =>
  map((all: Replicas): Picker<Replica> => {
    const near = all.filter((replica) => replica.zone === zone);
    const candidates = near.length > 0 ? near : all;
    const peek = (): Replica | undefined => candidates[0];
    return { pick: (_key, accepts = () => true) => candidates.find(accepts), peek, size: candidates.length };
  });

async function main(): Promise<void> {
  const server = await startZcachedServer();
  const plan = [
    { name: 'a', zone: 'eu', cores: 8 },
    { name: 'b', zone: 'eu', cores: 2 },
    { name: 'c', zone: 'us', cores: 2 },
  ];
  const next = (): Replica => {
    const { name, zone, cores } = plan.shift() as (typeof plan)[number];
    return new Replica(server.port, name, zone, cores);
  };

  // As the option `select`: the same user always comes to the same replica, here by its name.
  const select = sticky((user: string) => user, { idOf: (replica: Replica) => replica.name });
  const pool = new ConnectionPool(3, next, { select });
  await pool.setup();
  const users = ['ada', 'grace', 'alan', 'edsger', 'ken', 'ada', 'grace'];
  const homes = users.map((user) => pool.use(async ({ name }) => `${user}:${name}`, { key: user }));
  console.log('sticky:', (await Promise.all(homes)).join(' '));

  // As operators: any number of them over one stream, each for as long as it is subscribed to.
  const picks = (strategy: Strategy<Replica>, count: number): string[] => {
    const names: string[] = [];
    const choosing = pool.connected$.pipe(strategy).subscribe((picker) => {
      for (let i = 0; i < count; i++) names.push(picker.pick()?.name ?? 'none');
    });
    choosing.unsubscribe();
    return names;
  };
  console.log('in turn:', picks(roundRobin(), 6).join(' '));
  const byCores = leastLoaded<Replica>({ weight: ({ cores }) => cores, slowStart: 10_000 });
  console.log('by cores:', picks(byCores, 12).sort().join(' '));
  console.log('two drawn:', picks(powerOfTwoChoices(), 1_000).length);
  console.log('nearest to us:', picks(nearest('us'), 3).join(' '));
  console.log('nearest to asia:', picks(nearest('asia'), 3).join(' '));

  await pool.dispose();
  await server.close();
}

void main();
