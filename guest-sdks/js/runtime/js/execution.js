// Module k6/execution: who and where this VU is, and how to end the run.
import native from 'brunt:native';

const getters = (object, gets) => {
  for (const [name, get] of Object.entries(gets)) Object.defineProperty(object, name, { get, enumerable: true });
  return object;
};

export const scenario = getters({}, {
  name: native.scenario,
  executor: native.executor,
  startTime: native.scenarioStart,
  progress: native.progress,
  iterationInInstance: native.iterationInInstance,
  iterationInTest: native.iterationInTest,
});

export const instance = getters({}, {
  iterationsInterrupted: native.iterationsInterrupted,
  iterationsCompleted: native.iterationsCompleted,
  vusActive: native.vusActive,
  vusInitialized: native.vusInitialized,
  currentTestRunDuration: native.testDuration,
});

let options;
export const test = getters(
  {
    abort(why = '') {
      native.abort(String(why));
    },
    fail(why = '') {
      native.markFailed(String(why));
    },
  },
  { options: () => (options ??= native.options()) },
);

// What the script set itself; the engine's own tags stay the engine's.
const set = {};
const tags = new Proxy(set, {
  set(_, name, value) {
    if (value === null || !['string', 'number', 'boolean'].includes(typeof value)) {
      throw new TypeError(`tag ${String(name)}: a value is a string, a number or a boolean`);
    }
    native.setTag(String(name), String(value));
    set[name] = String(value);
    return true;
  },
  deleteProperty(_, name) {
    native.removeTag(String(name));
    return delete set[name];
  },
});

const metadata = new Proxy({}, {
  set() {
    throw new Error('vu.metrics.metadata is not in this version of brunt: use vu.metrics.tags');
  },
});

export const vu = getters({}, {
  idInInstance: native.vuInInstance,
  idInTest: native.vuInTest,
  iterationInInstance: native.vuIteration,
  iterationInScenario: native.vuIterationInScenario,
  tags: () => tags,
  metrics: () => ({ tags, metadata }),
});

export default { scenario, instance, test, vu };
