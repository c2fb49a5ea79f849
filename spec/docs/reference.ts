import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Context, DeclarationReflection } from 'typedoc';
import { entries } from '../package/entries.js';

/** Members that a class has from elsewhere, where there is no place for documentation. */
const INHERITED: Readonly<Record<string, string>> = {
  name: 'The name of the class, as text: it survives minifying.',
  '[dispose]': 'What `using` calls.',
  '[asyncDispose]': 'What `await using` calls.',
};

/** Types that are an implementation, or that say where they are used what they are. */
const NOT_EXPORTED = [
  'Happening',
  'EventBase',
  'ConnectionEventBase',
  'ReportingMember',
  'PoolMembers',
  'PoolRegistry',
  '__global.AbortSignal',
  'Delay',
  'FlawsOption',
  'ServerTls',
  'Caller',
  'InPlace',
  'ZcachedPoolOptions',
  'Transport',
  'Keys',
  'ZcachedAddress',
];

/** Members of the patterns of conditional types, and of types that say what they need in the type that has them. */
const PATTERNS = [
  'rxpool.PoolEvent.__type.connection',
  'rxpool/websocket.ReplyOf.__type.reply',
  'rxpool/websocket.WebSocketAddress.__type.href',
  'rxpool/zcached.Decoded.__type.decode',
  'rxpool/zcached.Encodable.__type.encode',
  'rxpool/zcached.optionsFor2025.O.__type.encoding',
];

/** The sections of an index: `// Title` in a line of its own, and the names that are exported until the next. */
function sectionsOf(file: string): ReadonlyMap<string, string> {
  const sections = new Map<string, string>();
  for (const [, title = '', body = ''] of readFileSync(file, 'utf8').matchAll(
    /^\/\/ (.+)\n([\s\S]*?)(?=^\/\/ |$(?![\s\S]))/gm,
  )) {
    for (const [, names = ''] of body.matchAll(/\{([^}]*)\}/g)) {
      for (const name of names.split(',')) sections.set(name.replace(/^\s*type\s/, '').trim(), title);
    }
  }
  return sections;
}

/** Makes the reference in a folder, or without one only looks at it. Returns whether nothing is missing. */
export async function makeReference(out: string | undefined): Promise<boolean> {
  const { Application, Comment, CommentTag, Converter, ReflectionKind } = await import('typedoc');
  const app = await Application.bootstrap({
    name: 'rxpool',
    entryPoints: entries.map(({ source }) => source),
    tsconfig: 'spec/package/tsconfig.json',
    readme: 'README.md',
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    categorizeByGroup: false,
    intentionallyNotExported: NOT_EXPORTED,
    intentionallyNotDocumented: PATTERNS,
    validation: { notExported: true, invalidLink: true, notDocumented: true },
    treatWarningsAsErrors: true,
    treatValidationWarningsAsErrors: true,
    ...(out === undefined ? {} : { out }),
  });
  const sections = new Map(entries.map(({ source }) => [path.resolve(source), sectionsOf(source)]));
  const files = new Map(entries.map(({ specifier, source }) => [specifier, path.resolve(source)]));
  const specifiers = new Map(entries.map(({ specifier, source }) => [source, specifier]));

  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_: Context, reflection: DeclarationReflection) => {
    const text = INHERITED[reflection.name];
    const inClass = reflection.parent?.kindOf(ReflectionKind.ClassOrInterface);
    if (text !== undefined && inClass && !reflection.comment && reflection.kindOf(ReflectionKind.Property)) {
      reflection.comment = new Comment([{ kind: 'text', text }]);
    }
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }: Context) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module) as DeclarationReflection[]) {
      const source = `src/${module.name === 'index' ? '' : `${module.name}/`}index.ts`;
      const specifier = specifiers.get(source) ?? module.name;
      module.name = specifier;
      const section = sections.get(files.get(specifier) ?? '');
      for (const child of module.children ?? []) {
        const title = section?.get(child.name);
        if (title === undefined) continue;
        const own = child.signatures?.[0] ?? child;
        own.comment ??= new Comment();
        own.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: title }]));
      }
    }
  });

  const project = await app.convert();
  if (!project) return false;
  app.validate(project);
  if (out !== undefined) await app.generateOutputs(project);
  return !app.logger.hasErrors() && !app.logger.hasWarnings();
}
