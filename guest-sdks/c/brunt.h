// Defines short words for what the generated bindings spell out: texts, bytes, the outcome of a phase.

#ifndef BRUNT_H
#define BRUNT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bindings/test.h"

// A C string as an argument. The engine copies what it needs before the call returns.
#define TEXT(s) (&(test_string_t){(uint8_t *)(s), strlen(s)})

// Bytes as an argument.
#define BYTES(s, n) (&(test_list_u8_t){(uint8_t *)(s), (n)})

// Seconds, also parts of one, in the unit of the contracts.
#define SECONDS(s) ((uint64_t)((s) * 1e9))

// A variable of the test's environment, or this when it is not set. Never freed: a VU reads it once, in `init`.
static inline const char *brunt_env_or(const char *name, const char *otherwise) {
  test_string_t value;
  if (!brunt_execution_execution_env(TEXT(name), &value)) return otherwise;
  char *copy = calloc(value.len + 1, 1);
  if (copy == NULL) abort();
  memcpy(copy, value.ptr, value.len);
  test_string_free(&value);
  return copy;
}

// Ends a phase with an error: `return brunt_fail(err, "why")`.
static inline bool brunt_fail(test_string_t *err, const char *message) {
  test_string_dup(err, message);
  return false;
}

// Records a check.
static inline bool brunt_check(const char *name, bool passed) {
  return brunt_metrics_metrics_check(TEXT(name), passed);
}

// Whether these bytes have this text in them.
static inline bool brunt_contains(test_list_u8_t bytes, const char *text) {
  size_t length = strlen(text);
  for (size_t i = 0; i + length <= bytes.len; i++)
    if (memcmp(bytes.ptr + i, text, length) == 0) return true;
  return false;
}

// The status of a response that is dropped then; 0 for none.
static inline uint16_t brunt_take_status(bool answered, brunt_http_client_own_response_t response) {
  if (!answered) return 0;
  uint16_t status = brunt_http_client_method_response_status(brunt_http_client_borrow_response(response));
  brunt_http_client_response_drop_own(response);
  return status;
}

#endif
