// A module that extension `extension_store` brings along for scripts.
import { check } from 'k6';
import { put, get } from 'sample:store/store';

export default class Store {
  set(key, value) {
    put(key, JSON.stringify(value));
  }

  get(key) {
    const text = get(key);
    return text === undefined ? undefined : JSON.parse(text);
  }

  check(key) {
    return check(this.get(key), { [`${key} is there`]: (value) => value !== undefined });
  }
}
