import { pageAwake } from 'rxpool/websocket';
import { thrownBy } from '../support/pools.js';

/** A page of which the test is the browser. */
class Page extends EventTarget {
  readonly navigator = { onLine: true };
  visibilityState = 'visible';
  listeners = 0;

  override addEventListener(type: string, listener: () => void): void {
    this.listeners++;
    super.addEventListener(type, listener);
  }

  override removeEventListener(type: string, listener: () => void): void {
    this.listeners--;
    super.removeEventListener(type, listener);
  }

  say(type: 'online' | 'offline' | 'visible' | 'hidden'): void {
    if (type === 'online' || type === 'offline') this.navigator.onLine = type === 'online';
    else this.visibilityState = type;
    this.dispatchEvent(new Event(type === 'online' || type === 'offline' ? type : 'visibilitychange'));
  }
}

describe('pageAwake()', () => {
  const follow = (page: Page, evenHidden = false) => {
    const values: boolean[] = [];
    const subscription = pageAwake({ window: page, document: page, evenHidden }).subscribe((value) =>
      values.push(value),
    );
    return { values, subscription };
  };

  it('emits whether the page is online and visible, each change once', () => {
    const page = new Page();
    const { values } = follow(page);
    for (const event of ['hidden', 'offline', 'visible', 'online', 'online', 'hidden'] as const) page.say(event);
    expect(values).toEqual([true, false, true, false]);
  });

  it('begins with how the page is when it is subscribed to', () => {
    const page = new Page();
    page.say('offline');
    expect(follow(page).values).toEqual([false]);
  });

  it('with evenHidden: true goes by online and offline alone', () => {
    const page = new Page();
    const { values } = follow(page, true);
    for (const event of ['hidden', 'offline', 'visible', 'online'] as const) page.say(event);
    expect(values).toEqual([true, false, true]);
  });

  it('removes its listeners on unsubscribing', () => {
    const page = new Page();
    const { subscription } = follow(page);
    expect(page.listeners).toBe(3);
    subscription.unsubscribe();
    expect(page.listeners).toBe(0);
  });

  it('without a page is always awake', () => {
    const values: boolean[] = [];
    pageAwake().subscribe((value) => values.push(value));
    expect(values).toEqual([true]);
  });

  it('refuses options of another type, and unknown ones', () => {
    expect(thrownBy(() => pageAwake({ evenHidden: 1 as never }))).toBeInstanceOf(TypeError);
    expect(thrownBy(() => pageAwake({ hidden: true } as never))).toMatchObject({ code: 'ERR_UNKNOWN_OPTION' });
  });
});
