// Module k6/experimental/webcrypto: the global crypto, as it was called before it was one.
export const { crypto } = globalThis;
export default { crypto };
