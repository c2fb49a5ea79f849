// Compiled with `lib: es2022`, which knows no Symbol.dispose, and with `esnext.disposable`, which does.
import { expectTypeOf } from 'expect-type';
import type { ConnectionPool, Lease } from 'rxpool';
import type { ScriptedConnection } from 'rxpool/testing';

type Known<Name extends string> = SymbolConstructor extends { readonly [K in Name]: infer S } ? S : never;

expectTypeOf<Extract<keyof Lease<ScriptedConnection>, symbol>>().toEqualTypeOf<Known<'dispose'>>();
expectTypeOf<Extract<keyof ConnectionPool<ScriptedConnection>, symbol>>().toEqualTypeOf<Known<'asyncDispose'>>();
