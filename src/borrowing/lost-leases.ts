import type { SchedulerLike, Subscription } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import type { Member } from '../membership/member.js';

/** The leases that were open when their session was lost. */
interface LostSession {
  readonly session: number;
  open: number;
  timer: Subscription | undefined;
}

/**
 * Writes off the leases of a lost session that are not released within `lostGrace`. Work that never settles must not
 * occupy the next session.
 */
export class LostLeases<C extends Connection> {
  readonly #lost = new Map<Member<C>, LostSession[]>();
  readonly #options: { readonly lostGrace: number; readonly scheduler: SchedulerLike };
  readonly #writtenOff: (member: Member<C>, count: number) => void;

  /** @param writtenOff - called when leases have been written off. */
  constructor(
    options: { readonly lostGrace: number; readonly scheduler: SchedulerLike },
    writtenOff: (member: Member<C>, count: number) => void,
  ) {
    this.#options = options;
    this.#writtenOff = writtenOff;
  }

  /** The session of a member was lost. */
  sessionLost(member: Member<C>): void {
    const session = member.session - 1;
    const earlier = this.#lost.get(member) ?? [];
    const open = member.leased - earlier.reduce((sum, lost) => sum + lost.open, 0);
    if (open <= 0) return;
    const lost: LostSession = { session, open, timer: undefined };
    this.#lost.set(member, [...earlier, lost]);
    const { lostGrace, scheduler } = this.#options;
    lost.timer = scheduler.schedule(() => this.#writeOff(member, session), lostGrace);
  }

  /** A lease was released. Returns whether it still counted, that is, was not written off. */
  released(member: Member<C>, session: number): boolean {
    if (session === member.session) return true;
    const sessions = this.#lost.get(member);
    const lost = sessions?.find((one) => one.session === session);
    if (!sessions || !lost) return false;
    if (--lost.open === 0) this.#drop(member, sessions, [lost]);
    return true;
  }

  /** Stops waiting for the leases of a closed member: they have been written off. */
  forget(member: Member<C>): void {
    const sessions = this.#lost.get(member);
    if (sessions) this.#drop(member, sessions, sessions);
  }

  #writeOff(member: Member<C>, session: number): void {
    const sessions = this.#lost.get(member) ?? [];
    const due = sessions.filter((lost) => lost.session <= session);
    this.#drop(member, sessions, due);
    const count = due.reduce((sum, { open }) => sum + open, 0);
    const before = member.load;
    member.writeOffLeases(count);
    member.record.loadChanged(before, member.load);
    this.#writtenOff(member, count);
  }

  #drop(member: Member<C>, sessions: readonly LostSession[], dropped: readonly LostSession[]): void {
    for (const { timer } of dropped) timer?.unsubscribe();
    const rest = sessions.filter((lost) => !dropped.includes(lost));
    if (rest.length > 0) this.#lost.set(member, rest);
    else this.#lost.delete(member);
  }
}
