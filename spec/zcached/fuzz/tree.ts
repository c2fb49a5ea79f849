/** A value as somebody who reads the wire understands it. Strings hold one character per byte. */
export type Tree =
  | readonly ['$', string]
  | readonly [':', bigint]
  | readonly [',', number]
  | readonly ['#', boolean]
  | readonly ['_']
  | readonly ['*' | '~' | '/', readonly Tree[]]
  | readonly ['%', ReadonlyMap<string, Tree>];

/** The same text for the same value, whatever the order of a map. */
export function canonical(tree: Tree): string {
  switch (tree[0]) {
    case '$':
      return JSON.stringify(tree[1]);
    case ',':
      return `,${Object.is(tree[1], -0) ? '-0' : tree[1]}`;
    case '_':
      return '_';
    case '*':
    case '~':
    case '/':
      return `${tree[0]}[${tree[1].map(canonical).join()}]`;
    case '%':
      return `{${[...tree[1]].map(([key, value]) => `${JSON.stringify(key)}=${canonical(value)}`).sort()}}`;
    default:
      return `${tree[0]}${tree[1]}`;
  }
}

/** What is in an array, set or map. */
function partsOf(tree: Tree): readonly Tree[] {
  if (tree[0] === '%') return [...tree[1].values()];
  return tree[0] === '*' || tree[0] === '~' || tree[0] === '/' ? tree[1] : [];
}

/** Whether a server of 2024 could take a part of it for a command: an array, or text that ends like the header of one. */
export function looksLikeCommand(tree: Tree): boolean {
  if (tree[0] === '$') return /\*[-+_\d]+$/.test(tree[1]);
  const keys: readonly string[] = tree[0] === '%' ? [...tree[1].keys()] : [];
  return tree[0] === '*' || keys.some((key) => looksLikeCommand(['$', key])) || partsOf(tree).some(looksLikeCommand);
}

export const hasSet = (tree: Tree): boolean => tree[0] === '~' || tree[0] === '/' || partsOf(tree).some(hasSet);

const CONTAINERS = '*~/%';

export function depthOf(tree: Tree): number {
  if (!CONTAINERS.includes(tree[0])) return 0;
  return 1 + partsOf(tree).reduce((deepest, part) => Math.max(deepest, depthOf(part)), 0);
}

/** An argument, and how a server must understand it: undefined if it must be refused. */
export interface Intent {
  readonly value: unknown;
  readonly tree: Tree | undefined;
}
