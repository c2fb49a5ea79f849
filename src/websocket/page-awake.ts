import { distinctUntilChanged, Observable } from 'rxjs';
import { checkBoolean, checkEach, checkObject } from '../checks.js';

/** A target of events, such as the `window` and the `document` of a page. */
export interface PageEvents {
  /** Calls `listener` at each event of a type. */
  addEventListener(type: string, listener: () => void): void;
  /** Stops calling `listener`. */
  removeEventListener(type: string, listener: () => void): void;
}

/** A `window`, as far as `pageAwake` reads it. */
export interface PageWindow extends PageEvents {
  /** Says whether the browser is online: `onLine`. */
  readonly navigator?: {
    /** False while there is certainly no network. */
    readonly onLine?: boolean;
  };
}

/** A `document`, as far as `pageAwake` reads it. */
export interface PageDocument extends PageEvents {
  /** `hidden` while the page cannot be seen. */
  readonly visibilityState?: string;
}

/** Options of {@link pageAwake}. */
export interface PageAwakeOptions {
  /** Tells of `online` and `offline`; its `navigator` says which. @default the global one, where there is one */
  readonly window?: PageWindow | undefined;
  /** Tells of `visibilitychange`. @default the global one, where there is one */
  readonly document?: PageDocument | undefined;
  /** Whether a page that is hidden counts as awake. @default false */
  readonly evenHidden?: boolean | undefined;
}

// Of a page.
declare const window: PageAwakeOptions['window'];
declare const document: PageAwakeOptions['document'];

/**
 * Whether the page is awake: the browser is online, and the page is visible. Where there is no page, in Node for example,
 * it is always awake. For `dialWhile`.
 *
 * Cold. Emits on subscribe and then each change; never errors, never completes. Unsubscribing removes the listeners.
 *
 * @throws TypeError for options of another type
 * @example
 * ```ts
 * const pool = new ConnectionPool(2, factory, { breaker: dialWhile(pageAwake()) });
 * ```
 */
export function pageAwake(options: PageAwakeOptions = {}): Observable<boolean> {
  checkEach('options', options, { window: checkObject, document: checkObject, evenHidden: checkBoolean });
  const { evenHidden = false } = options;
  const view = options.window ?? (typeof window === 'undefined' ? undefined : window);
  const page = options.document ?? (typeof document === 'undefined' ? undefined : document);
  const isAwake = (): boolean =>
    view?.navigator?.onLine !== false && (evenHidden || page?.visibilityState !== 'hidden');
  return new Observable<boolean>((subscriber) => {
    const look = (): void => subscriber.next(isAwake());
    const listened: [PageEvents | undefined, string][] = [
      [view, 'online'],
      [view, 'offline'],
      [page, 'visibilitychange'],
    ];
    for (const [target, type] of listened) target?.addEventListener(type, look);
    subscriber.add(() => {
      for (const [target, type] of listened) target?.removeEventListener(type, look);
    });
    look();
  }).pipe(distinctUntilChanged());
}
