// A script of our own: checkers of links ask the network, where files of the repository are to be looked for in this tree.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const REPOSITORY =
  /^https:\/\/(?:github\.com\/rxpool\/rxpool\/(?:blob|tree)|raw\.githubusercontent\.com\/rxpool\/rxpool)\/main\//;

/** What GitHub calls the headings of a text. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)].map(
    ([, heading]) => heading ?? '',
  );
  const slugs = headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set(slugs);
}

/** Links of a text in Markdown. */
export const linksOf = (text: string): readonly string[] =>
  [...text.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/gm)].map(
    ([, inline, reference]) => (inline ?? reference) as string,
  );

/**
 * The links of a file of Markdown that lead nowhere: to no file in the folder, to no heading, or, by the address of the
 * repository, to no file or heading in this tree. Other addresses are not asked.
 */
export function brokenLinks(file: string, root = process.cwd()): readonly string[] {
  const text = readFileSync(file, 'utf8');
  return linksOf(text).filter((link) => {
    const own = REPOSITORY.test(link);
    if (!own && /^[a-z]+:/.test(link)) return false;
    const [target = '', anchor] = link.replace(REPOSITORY, '').split('#');
    const found = own ? path.join(root, target) : target === '' ? file : path.join(path.dirname(file), target);
    if (!existsSync(found)) return true;
    return anchor !== undefined && !anchorsOf(readFileSync(found, 'utf8')).has(anchor);
  });
}
