// Defines the line protocol as an extension in C: the same contract as the one in Rust beside it.
//
// What `line_protocol.h` declares is generated from the contract. One instance is one virtual user, so what is global is that user's.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line_protocol.h"

typedef line_protocol_string_t text;

// A connection to a server: the resource of the contract.
struct exports_example_line_protocol_client_connection_t {
  brunt_sockets_tcp_own_connection_t socket;
};

// Bytes of an answer at most, and how long it may take.
enum { ANSWER_MOST = 64 * 1024 };
static const uint64_t PATIENCE = 10000000000;

static brunt_metrics_metrics_own_metric_t requests, errors, duration;

// A C string as an argument. The engine copies what it needs before the call returns.
#define TEXT(s) (&(text){(uint8_t *)(s), strlen(s)})

// Ends a function with an error. The bindings free it, so it is a copy.
static bool fail(text *err, const char *words) {
  line_protocol_string_dup(err, words);
  return false;
}

static bool fail_with(text *err, brunt_sockets_tcp_socket_error_t *error) {
  char words[512];
  snprintf(words, sizeof words, "%.*s (error_code %u)", (int)error->message.len, (char *)error->message.ptr, error->code);
  brunt_sockets_tcp_socket_error_free(error);
  return fail(err, words);
}

bool exports_brunt_worlds_extension_lifecycle_init(text *err) {
  return brunt_metrics_metrics_static_metric_register(
           TEXT("line_requests"), BRUNT_METRICS_METRICS_KIND_COUNTER, BRUNT_METRICS_METRICS_UNIT_NONE, &requests, err)
    && brunt_metrics_metrics_static_metric_register(
           TEXT("line_errors"), BRUNT_METRICS_METRICS_KIND_COUNTER, BRUNT_METRICS_METRICS_UNIT_NONE, &errors, err)
    && brunt_metrics_metrics_static_metric_register(
           TEXT("line_duration"), BRUNT_METRICS_METRICS_KIND_TREND, BRUNT_METRICS_METRICS_UNIT_TIME, &duration, err);
}

// Nothing comes that was not asked for.
bool exports_brunt_worlds_extension_lifecycle_attend(uint64_t *ret) {
  (void)ret;
  return false;
}

bool exports_example_line_protocol_client_static_connection_open(
  text *host, uint16_t port, exports_example_line_protocol_client_own_connection_t *ret, text *err) {
  brunt_sockets_tcp_own_dial_t dial = brunt_sockets_tcp_constructor_dial(host, port);
  brunt_sockets_tcp_own_connection_t socket;
  brunt_sockets_tcp_socket_error_t error;
  bool connected = brunt_sockets_tcp_method_dial_connect(brunt_sockets_tcp_borrow_dial(dial), &socket, &error);
  brunt_sockets_tcp_dial_drop_own(dial);
  line_protocol_string_free(host);
  if (!connected) return fail_with(err, &error);
  uint64_t patience = PATIENCE;
  brunt_sockets_tcp_method_connection_set_read_timeout(brunt_sockets_tcp_borrow_connection(socket), &patience);
  exports_example_line_protocol_client_connection_t *connection = malloc(sizeof *connection);
  if (connection == NULL) abort();
  connection->socket = socket;
  *ret = exports_example_line_protocol_client_connection_new(connection);
  return true;
}

void exports_example_line_protocol_client_connection_destructor(exports_example_line_protocol_client_connection_t *connection) {
  brunt_sockets_tcp_connection_drop_own(connection->socket);
  free(connection);
}

// Takes a whole line apart: what follows OK, or ERROR.
static bool parse(const char *line, size_t length, text *ret, text *err) {
  if (length > 0 && line[length - 1] == '\r') length--;
  char words[ANSWER_MOST + 1];
  memcpy(words, line, length);
  words[length] = 0;
  if (strcmp(words, "OK") == 0 || strncmp(words, "OK ", 3) == 0) {
    line_protocol_string_dup(ret, length > 3 ? words + 3 : "");
    return true;
  }
  if (strcmp(words, "ERROR") == 0 || strncmp(words, "ERROR ", 6) == 0) return fail(err, length > 6 ? words + 6 : "");
  return fail(err, "the answer is neither OK nor ERROR");
}

static bool receive(brunt_sockets_tcp_borrow_connection_t socket, text *ret, text *err) {
  static char answer[ANSWER_MOST];
  size_t length = 0;
  while (true) {
    line_protocol_option_list_u8_t bytes;
    brunt_sockets_tcp_socket_error_t error;
    if (!brunt_sockets_tcp_method_connection_read(socket, (uint32_t)(ANSWER_MOST - length), &bytes, &error)) return fail_with(err, &error);
    if (!bytes.is_some) return fail(err, "the server hung up");
    memcpy(answer + length, bytes.val.ptr, bytes.val.len);
    length += bytes.val.len;
    line_protocol_list_u8_free(&bytes.val);
    char *end = memchr(answer, '\n', length);
    if (end != NULL && end + 1 < answer + length) return fail(err, "the server said more than one line");
    if (end != NULL) return parse(answer, (size_t)(end - answer), ret, err);
    if (length == ANSWER_MOST) return fail(err, "the answer is too long");
  }
}

static bool ask(brunt_sockets_tcp_borrow_connection_t socket, text *line, text *ret, text *err) {
  if (memchr(line->ptr, '\n', line->len) || memchr(line->ptr, '\r', line->len)) return fail(err, "a request is one line");
  brunt_sockets_tcp_socket_error_t error;
  line_protocol_list_u8_t words = {line->ptr, line->len};
  line_protocol_list_u8_t end = {(uint8_t *)"\n", 1};
  if (!brunt_sockets_tcp_method_connection_write(socket, &words, &error)) return fail_with(err, &error);
  if (!brunt_sockets_tcp_method_connection_write(socket, &end, &error)) return fail_with(err, &error);
  return receive(socket, ret, err);
}

// Adds samples, tagged with the first word of the request.
static void record(text *line, uint64_t took, bool well) {
  uint8_t *space = memchr(line->ptr, ' ', line->len);
  size_t length = space == NULL ? line->len : (size_t)(space - line->ptr);
  line_protocol_tuple2_string_string_t tag = {*TEXT("command"), {line->ptr, length}};
  brunt_metrics_metrics_tags_t tags = {&tag, 1};
  brunt_metrics_metrics_method_metric_add_tagged(brunt_metrics_metrics_borrow_metric(requests), 1, &tags);
  if (well)
    brunt_metrics_metrics_method_metric_add_tagged(brunt_metrics_metrics_borrow_metric(duration), (double)took / 1e6, &tags);
  else
    brunt_metrics_metrics_method_metric_add_tagged(brunt_metrics_metrics_borrow_metric(errors), 1, &tags);
}

bool exports_example_line_protocol_client_method_connection_ask(
  exports_example_line_protocol_client_borrow_connection_t self, text *line, text *ret, text *err) {
  uint64_t began = brunt_time_clock_now();
  bool well = ask(brunt_sockets_tcp_borrow_connection(self->socket), line, ret, err);
  record(line, brunt_time_clock_now() - began, well);
  line_protocol_string_free(line);
  return well;
}
