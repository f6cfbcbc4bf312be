import assert from 'node:assert/strict';
import test from 'node:test';

import { plain, visible } from '../../intake/console/front/visible_text.js';

/** The tree as one string: ⟨clue⟩, «link», *owner*. */
function drawn(text, clues = [], limit) {
  const walk = (node) => {
    if (node.kind === 'text') return node.text;
    if (node.kind === 'mark') return node.shown;
    const inside = node.children.map(walk).join('');
    return { clue: `⟨${inside}⟩`, link: `«${inside}»`, owner: `*${inside}*` }[node.kind];
  };
  return visible(text, clues, limit).nodes.map(walk).join('');
}

const flat = (nodes) => nodes.flatMap((node) => (node.children ? [node, ...flat(node.children)] : [node]));
const sorts = (text) => flat(visible(text).nodes).filter((node) => node.kind === 'mark').map((node) => node.sort);
const doubts = (text) => flat(visible(text).nodes).find((node) => node.kind === 'link')?.what.doubts;

test('what turns the order of letters is shown, never passed on', () => {
  assert.equal(drawn('ab\u202ecd\u2066e\u200f'), 'ab⟦U+202E⟧cd⟦U+2066⟧e⟦U+200F⟧');
  assert.deepEqual(sorts('\u202e\u2069\u061c'), ['bidi', 'bidi', 'bidi']);
});

test('zero width, controls, odd spaces, tags, private and lone halves are shown', () => {
  assert.deepEqual(sorts('a\u200bb\ufeffc\u00add'), ['zero_width', 'zero_width', 'zero_width']);
  assert.deepEqual(sorts('\u0007\u001b\u0085\r'), ['control', 'control', 'control', 'control']);
  assert.deepEqual(sorts('\u2003\u3000\u2028\u2800'), ['space', 'space', 'space', 'space']);
  assert.deepEqual(sorts('\u{e0041}\ue000\ud800'), ['tag', 'private', 'private']);
  assert.equal(flat(visible('\u{e0041}').nodes)[0].name, 'tag A');
});

test('what is spelling is left alone', () => {
  for (const said of ['👩‍🚒 ❤️ 1️⃣ 🏴󠁧󠁢󠁷󠁬󠁳󠁿', 'می‌خواهم', 'क्‍ष', 'café naïve Llŷn', 'one\ntwo\tthree', 'à 5 km !', 'مرحبا'])
    assert.equal(drawn(said), said);
  assert.deepEqual(sorts('\u{1f3f4}\u{e0067}\u{e0062}'), ['tag', 'tag']);
  assert.equal(drawn('a\r\nb'), 'a\nb');
});

test('a tower of accents is counted instead of drawn', () => {
  assert.equal(drawn(`h${'\u0301'.repeat(30)}elp`), `h${'\u0301'.repeat(4)}⟦+26⟧elp`);
});

test('clues stand where code points say, behind emoji too, and nest', () => {
  assert.equal(drawn('🔥🔥 at LS1 4AP now', [{ start: 6, end: 13 }]), '🔥🔥 at ⟨LS1 4AP⟩ now');
  const address = '👨‍👩‍👧 at 14 Marsh Lane, HU1 2AB';
  const from = Array.from(address).indexOf('1');
  const clues = [{ start: from, end: from + 22 }, { start: from + 15, end: from + 22 }];
  assert.equal(drawn(address, clues), '👨‍👩‍👧 at ⟨14 Marsh Lane, ⟨HU1 2AB⟩⟩');
  assert.equal(drawn('abcdef', [{ start: 0, end: 3 }, { start: 2, end: 5 }]), '⟨ab⟨c⟩⟩⟨de⟩f');
  assert.equal(drawn('abc', [{ start: 2, end: 9 }, { start: 5, end: 6 }, { start: 1, end: 1 }]), 'ab⟨c⟩');
});

test('a clue and a hidden character in it', () => {
  assert.equal(drawn('in Le\u200beds', [{ start: 3, end: 9 }]), 'in ⟨Le⟦U+200B⟧eds⟩');
});

test('links are found, and whose they are', () => {
  assert.equal(drawn('see https://999.gov.uk.evil.example/a?b now.'), 'see «https://999.gov.uk.*evil.example*/a?b» now.');
  assert.equal(drawn('www.police.co.uk!'), '«www.*police.co.uk*»!');
  assert.equal(drawn('w3w.co/a.b.c'), '«*w3w.co*/a.b.c»');
  assert.equal(drawn('help me.please no.com mail a@b.example'), 'help me.please «*no.com*» mail a@b.example');
  assert.equal(drawn('x https://user:pw@evil.example:8080/'), 'x «https://user:pw@*evil.example*:8080/»');
});

test('links that lie are said to', () => {
  assert.deepEqual(doubts('http://аpple.com'), ['mixed']);
  assert.deepEqual(doubts('http://раура.com'), ['foreign']);
  assert.deepEqual(doubts('http://xn--pple-43d.com'), ['coded']);
  assert.deepEqual(doubts('https://999.gov.uk@evil.example'), ['user']);
  assert.deepEqual(doubts('http://192.0.2.7/x'), ['numbers']);
  assert.deepEqual(doubts('javascript:alert(1)'), ['scheme']);
  assert.deepEqual(doubts('http://ev\u200bil.example'), ['hidden']);
  assert.deepEqual(doubts('https://www.gov.uk/help'), []);
});

test('a very long text is cut, and says by how much', () => {
  const long = visible('x'.repeat(100_000));
  assert.equal(long.cut, 96_000);
  assert.equal(long.nodes[0].text.length, 4_000);
  assert.equal(visible('🔥'.repeat(4_001)).cut, 1);
  const started = performance.now();
  visible('a.b'.repeat(33_000), [], 200_000);
  visible('\u202e'.repeat(100_000), [], 200_000);
  visible('http://x.example '.repeat(6_000), [], 200_000);
  assert.ok(performance.now() - started < 5_000);
});

test('names on one line', () => {
  assert.equal(plain(' a\u202egpj.exe\n b '), 'a⟦U+202E⟧gpj.exe b');
});
