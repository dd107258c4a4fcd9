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
function pairs(what, put, remove) {
  const own = {};
  return new Proxy(own, {
    set(_, name, value) {
      if (!['string', 'number', 'boolean'].includes(typeof value)) {
        throw new TypeError(`${what} ${String(name)}: a value is a string, a number or a boolean`);
      }
      own[name] = String(value);
      put(String(name), own[name]);
      return true;
    },
    deleteProperty(_, name) {
      remove(String(name));
      return delete own[name];
    },
  });
}
const tags = pairs('tag', native.setTag, native.removeTag);
const metadata = pairs('metadata', native.setMetadata, native.removeMetadata);

export const vu = getters({}, {
  idInInstance: native.vuInInstance,
  idInTest: native.vuInTest,
  iterationInInstance: native.vuIteration,
  iterationInScenario: native.vuIterationInScenario,
  tags: () => tags,
  metrics: () => ({ tags, metadata }),
});

export default { scenario, instance, test, vu };
