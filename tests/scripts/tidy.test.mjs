// Every rule finds what it is there for, and lets pass what only looks like it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { findings } from '../../scripts/tidy.mjs'

/** Put together from parts, because this file is held to the rules too. */
const reminder = 'TO' + 'DO'

/** @type {[rule: string, path: string, text: string, line: number][]} */
const untidy = [
  ['a long file', 'js/long.ts', '\n'.repeat(800), 800],
  ['a wide line', 'js/wide.ts', `\n// ${'w'.repeat(98)}`, 2],
  ['a reminder', 'README.md', `${reminder}: more`, 1],
  ['an unfinished function', 'wasm/src/a.rs', `fn a() {\n    ${'todo'}!()\n}`, 2],
  ['a test that runs alone', 'tests/a.spec.ts', `test.${'only'}('a', () => {})`, 1],
  ['a test that does not run', 'engine/tests/a.rs', `#[${'ignore'}]`, 1],
  ['a letter outside ASCII', 'engine/src/a.rs', '// caf\u00e9', 1],
  ["a machine's folder", 'scripts/a.mjs', `const folder = '/${'home'}/somebody/entidb'`, 1],
  ['a download address', 'package-lock.json', `"resolved": "${'http'}s://example.org/a.tgz"`, 1],
  ['an unwrap', 'engine/src/a.rs', 'fn a() {\n    b().unwrap()\n}', 2],
  [
    'an unwrap after the tests',
    'wasm/src/a.rs',
    '#[cfg(test)]\nmod t {\n}\nfn a() { b().unwrap() }',
    4,
  ],
  ['long tests inside', 'engine/src/a.rs', `#[cfg(test)]\nmod tests {\n${'\n'.repeat(150)}}`, 1],
  ['a step up a layer', 'engine/src/kv/a.rs', 'use crate::error::Error;\nuse crate::db::Db;', 2],
  ['a step up in braces', 'engine/src/kv/a.rs', 'use crate::{codec::{a, b}, catalog};', 1],
  ['a driver in a page', 'tests/suite/a.ts', "import { test } from '@playwright/test'", 1],
]

for (const [rule, path, text, line] of untidy) {
  test(`finds ${rule}`, () => {
    const found = findings(path, text)
    assert.equal(found.length, 1, found.join('\n'))
    assert.match(found[0] ?? '', new RegExp(`^${path.replaceAll('.', '\\.')}:${line}: `))
  })
}

/** @type {[what: string, path: string, text: string][]} */
const clean = [
  ['a file of tests that is long', 'engine/tests/long.rs', '\n'.repeat(2000)],
  ['an unwrap inside tests', 'engine/src/a.rs', '#[cfg(test)]\nmod tests {\n    a.unwrap();\n}'],
  ['an unwrap in an example', 'engine/src/a.rs', '/// a.unwrap()'],
  ['an unwrap in a string', 'engine/src/a.rs', 'let text = "a.unwrap()";'],
  ['unwrap_or', 'engine/src/a.rs', 'let a = b.unwrap_or(0);'],
  ['names below', 'engine/src/kv/a.rs', 'use crate::{codec::{db, query}, error::Error};'],
  ['an upper layer in the db', 'engine/src/db.rs', 'use crate::catalog::Catalog;'],
  [
    'an upper layer in tests',
    'engine/src/kv/a.rs',
    '#[cfg(test)]\nmod t {\n    use crate::db::A;\n}',
  ],
  ['an address with a home', 'js/a.ts', "const url = 'https://example.org/home/a'"],
]

for (const [what, path, text] of clean) {
  test(`lets ${what} pass`, () => assert.deepEqual(findings(path, text), []))
}
