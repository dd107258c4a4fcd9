// Module k6/metrics: custom metrics.
import native from 'brunt:native';

class Metric {
  #metric;

  constructor(kind, name, isTime) {
    if (!native.inInit()) throw new Error('metrics can only be made while the script is initialised: make them outside of functions');
    this.#metric = native.metric(String(name), kind, Boolean(isTime));
    this.name = String(name);
  }

  // Whether it was counted: what is no number is not.
  add(value, tags) {
    const number = value === null ? NaN : Number(value);
    const counts = Number.isFinite(number);
    if (!counts && native.throws()) {
      throw new TypeError(`'${value}' is an invalid value for metric '${this.name}': a number or a boolean is expected`);
    }
    native.add(this.#metric, number, tags);
    return counts;
  }
}

export class Counter extends Metric {
  constructor(name, isTime) {
    super('counter', name, isTime);
  }
}

export class Gauge extends Metric {
  constructor(name, isTime) {
    super('gauge', name, isTime);
  }
}

export class Rate extends Metric {
  constructor(name, isTime) {
    super('rate', name, isTime);
  }
}

export class Trend extends Metric {
  constructor(name, isTime) {
    super('trend', name, isTime);
  }
}

export default { Counter, Gauge, Rate, Trend };
