//! Tests extensions as scripts see them: modules made of their types, and modules that they ship.

use super::{expect_checks, expect_said, script};

#[test]
fn every_kind_of_type_goes_there_and_back() {
    let ended = script(
        "import { check } from 'k6';
         import * as kinds from 'sample:kinds/kinds';
         const same = (name, value, back) =>
           check(back, { [name]: (back) => JSON.stringify(back) === JSON.stringify(value) });
         export default function () {
           same('record', { x: -1, darkY: 2, label: 'ä' }, kinds.echoPoint({ x: -1, darkY: 2, label: 'ä' }));
           same('missing field', { x: 1, darkY: 2 }, kinds.echoPoint({ x: 1, darkY: 2 }));
           same('variant', { tag: 'wide-box', val: [1, 2] }, kinds.echoShape({ tag: 'wide-box', val: [1, 2] }));
           same('empty case', { tag: 'nothing' }, kinds.echoShape({ tag: 'nothing' }));
           same('enum', 'dark-blue', kinds.echoColor('dark-blue'));
           same('flags', { read: false, writeAll: true }, kinds.echoRights({ writeAll: true }));
           same('option', 5, kinds.echoOption(5));
           check(kinds.echoOption(), { none: (value) => value === undefined });
           check(kinds.echoNested(null), { 'nothing in something': (value) => value === null });
           same('tuple', [7, 'seven'], kinds.echoTuple([7, 'seven']));
           same('u64', 9007199254740991, kinds.echoU64(9007199254740991));
           check(kinds.echoU64(18446744073709551615n), { 'large u64': (n) => n === 18446744073709551615n });
           check(kinds.echoS64(-9223372036854775808n), { 'large s64': (n) => n === -9223372036854775808n });
           same('f32', 0.5, kinds.echoF32(0.5));
           same('char', '😀', kinds.echoChar('😀'));
           same('bool', true, kinds.echoBool(true));
           check(kinds.echoBytes(new Uint8Array([0, 255, 7])), {
             bytes: (back) => back instanceof Uint8Array && back.join() === '0,255,7',
           });
           same('bytes of text', 'ä', String.fromCharCode(...kinds.echoBytes('ä')) === 'Ã¤' ? 'ä' : '');
           same('bytes of a buffer', '1,2', kinds.echoBytes(new Uint8Array([1, 2]).buffer).join());
           same('list', [{ x: 1, darkY: 1 }], kinds.echoPoints([{ x: 1, darkY: 1 }]));
         }",
    );
    expect_checks(ended.run(), 20.0);
}

#[test]
fn resources_are_classes() {
    let ended = script(
        "import { check } from 'k6';
         import { Counter, counters, valueOf } from 'sample:kinds/kinds';
         class Named extends Counter { name() { return 'named ' + this.value(); } }
         export default function () {
           const two = new Counter(2);
           const three = new Counter(3);
           check(two, { 'is one': (two) => two instanceof Counter });
           const sum = Counter.sumOf([two, three]);
           check(sum, { 'static and method': (sum) => sum.add(5) === 10 && sum instanceof Counter });
           check(valueOf(two), { 'lent': (value) => value === 2 });
           check(Counter.end(sum), { 'given away': (value) => value === 10 });
           check(counters(), { 'two are left': (count) => count === 2 });
           two.dispose(); two.dispose(); three[Symbol.dispose ?? 'x'] ? three[Symbol.dispose]() : three.dispose();
           check(counters(), { 'none is left': (count) => count === 0 });
           check(new Named(4), { 'derived': (named) => named.name() === 'named 4' && named instanceof Counter });
           for (const use of [() => two.value(), () => Counter.end(sum), () => valueOf(three)]) {
             try { use(); check(0, { 'used after its end': () => false }); }
             catch (error) { check(error, { 'used after its end': (e) => e instanceof TypeError && /disposed/.test(e.message) }); }
           }
         }",
    );
    expect_checks(ended.run(), 10.0);
}

#[test]
fn errors_are_thrown_with_their_payload() {
    let ended = script(
        "import { check } from 'k6';
         import { fail, echoResult } from 'sample:kinds/kinds';
         export default function () {
           try { fail(7); } catch (error) {
             check(error, {
               'an error': (e) => e instanceof Error && e.message === 'failed with code 7',
               'with its payload': (e) => e.code === 7 && e.payload.message === e.message,
               'from here': (e) => e.stack.includes('script.js:4'),
             });
           }
           check(echoResult({ tag: 'ok', val: 3 }), { 'ok is the value': (value) => value === 3 });
           try { echoResult({ tag: 'err', val: 'no' }); } catch (error) {
             check(error, { 'words': (e) => e.message === 'no' && e.payload === 'no' });
           }
           fail(8);
         }",
    );
    let ended = expect_checks(ended.run(), 5.0);
    expect_said(&ended, "Error: failed with code 8");
    expect_said(&ended, "script.js:15");
}

#[test]
fn wrong_arguments_are_type_errors_that_say_where() {
    let ended = script(
        "import { check } from 'k6';
         import * as kinds from 'sample:kinds/kinds';
         const told = (call, words) => {
           try { call(); check(words, { [words]: () => false }); }
           catch (error) {
             if (!(error instanceof TypeError) || error.message !== words) { console.error(error.message); }
             check(error, { [words]: (e) => e instanceof TypeError && e.message === words });
           }
         };
         export default function () {
           told(() => kinds.echoU64('x'), 'echoU64(): value must be a whole number from 0 to 18446744073709551615, not \"x\"');
           told(() => kinds.echoOption(1.5), 'echoOption(): value must be a whole number from 0 to 4294967295, not 1.5');
           told(() => kinds.echoPoint({ x: 1 }), 'echoPoint(): value.darkY is missing: it must be a whole number from -2147483648 to 2147483647');
           told(() => kinds.echoPoints([{ x: 1, darkY: 1 }, 5]), 'echoPoints(): value[1] must be an object, not 5');
           told(() => kinds.echoColor('green'), 'echoColor(): value must be \"red\" or \"dark-blue\", not \"green\"');
           told(() => kinds.echoBytes(5), 'echoBytes(): value must be a Uint8Array, an ArrayBuffer or a string, not 5');
           told(() => kinds.valueOf({}), 'valueOf(): this must be a Counter, not an object');
           told(() => new kinds.Counter(), 'new Counter(): start is missing: it must be a whole number from 0 to 18446744073709551615');
           told(() => kinds.Counter.prototype.value.call({}), 'Counter.value(): this must be a Counter, not an object');
         }",
    );
    expect_checks(ended.run(), 9.0);
}

#[test]
fn an_extension_is_attended_while_a_script_sleeps_or_waits() {
    let ended = script(
        "import { check, sleep } from 'k6';
         import { attendEvery, attended, wait } from 'sample:kinds/kinds';
         export default async function () {
           attendEvery(10);
           sleep(0.055);
           const slept = attended();
           check(slept, { 'while it sleeps': (n) => n >= 3 && n <= 6 });
           await new Promise((resolve) => setTimeout(resolve, 55));
           const waited = attended();
           check(waited, { 'while it waits': (n) => n >= slept + 3 });
           wait(50);
           check(attended(), { 'not while it is called': (n) => n === waited });
         }",
    );
    expect_checks(ended.run(), 3.0);
}

#[test]
fn callbacks_run_while_a_script_sleeps_and_hold_the_iteration() {
    let ended = script(
        "import { check, sleep } from 'k6';
         import { when, ready } from 'brunt:events';
         import { later } from 'sample:kinds/kinds';
         export default async function () {
           const seen = [];
           when(later(20), () => seen.push('a'));
           when(later(10), () => seen.push('b'));
           sleep(0.05);
           check(seen, { 'both, in order': (seen) => seen.join() === 'b,a' });
           await ready(later(10));
           const waitable = later(5);
           waitable.wait();
           check(waitable, { 'ready': (waitable) => waitable.ready() });
           when(later(60_000), () => seen.push('never'));
           when(later(30), () => check(0, { 'held': () => true }), { hold: true });
         }",
    );
    let ended = expect_checks(ended.run(), 3.0);
    assert!(ended.metric("iteration_duration", "max") >= 90.0);
    assert!(ended.metric("iteration_duration", "max") <= 10_000.0);
}

#[test]
fn an_exception_in_a_callback_ends_the_iteration() {
    let ended = script(
        "import { sleep } from 'k6';
         import { when } from 'brunt:events';
         import { later } from 'sample:kinds/kinds';
         export default function () {
           when(later(1), () => { throw new Error('in a callback'); });
           sleep(5);
         }",
    );
    let ended = ended.run().expect_code(0);
    expect_said(&ended, "Error: in a callback");
    expect_said(&ended, "script.js:5");
    assert!(ended.metric("iteration_duration", "max") < 4_000.0);
}

#[test]
fn modules_that_an_extension_ships_are_imported_by_their_specifier() {
    let ended = script(
        "import { check } from 'k6';
         import Store from 'k6/x/store';
         import * as store from 'sample:store/store@0.1';
         import * as kinds from 'sample:kinds/kinds';
         export default function () {
           const own = new Store();
           own.set('a', { b: [1] });
           own.check('a');
           check(store.get('a'), { 'the same extension': (text) => text === '{\"b\":[1]}' });
           check(kinds.echoColor('red'), { 'beside another': (color) => color === 'red' });
         }",
    );
    expect_checks(ended.run(), 3.0);
}

#[test]
fn extensions_are_required_too() {
    let ended = script(
        "const { check } = require('k6');
         const { Counter } = require('sample:kinds/kinds');
         const Store = require('k6/x/store').default;
         module.exports.default = function () {
           new Store().set('a', 1);
           check(new Counter(1), { made: (counter) => counter.add(1) === 2 });
         };",
    );
    expect_checks(ended.run(), 1.0);
}

#[test]
fn a_script_that_only_imports_an_extension_is_evaluated_once() {
    let text = |init: &str| {
        format!(
            "import {{ check }} from 'k6'; import {{ echoU64, Counter }} from 'sample:kinds/kinds';
             {init}
             export default function () {{ check(echoU64(1), {{ one: (n) => n === 1 }}); }}"
        )
    };
    let run = |init: &str| {
        let run = script(&text(init)).args(["--vus", "3", "--iterations", "3", "--verbose"]);
        expect_checks(run.run(), 3.0)
    };
    expect_said(&run(""), "the script was evaluated once");
    let ended = run("const counter = new Counter(1);");
    expect_said(
        &ended,
        "because it uses an extension while it is initialised",
    );
}

#[test]
fn the_engines_own_modules_stay_hidden() {
    let ended = script("import native from 'brunt:native'; export default function () {}");
    ended.run().expect_code(107);
}
