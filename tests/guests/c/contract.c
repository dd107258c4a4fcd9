// Defines the guest that uses the whole contract from C; `tests/guests/python/contract.py` is the same one in Python.

#include "brunt.h"

static const char *base;
static const char *closed_url;
static brunt_metrics_metrics_own_metric_t orders;
static brunt_data_shared_own_shared_list_t users;
static bool missing_file;

static bool get_and_checks(test_string_t *err);
static bool post(test_string_t *err);
static void failing_request(void);
static void several_at_once(void);
static void the_rest(void);
static bool opens(const char *path);

void exports_brunt_worlds_lifecycle_describe(test_string_t *ret) {
  test_string_dup(ret,
    "{ \"options\": { \"vus\": 2, \"iterations\": 4 },"
    "  \"functions\": [\"default\", \"fails\"],"
    "  \"lifecycle\": [\"setup\", \"teardown\", \"handle-summary\"],"
    "  \"sdk\": { \"name\": \"wit-bindgen (C)\", \"version\": \"0.61.1\" } }");
}

bool exports_brunt_worlds_lifecycle_init(test_string_t *err) {
  base = brunt_env_or("BASE_URL", "http://127.0.0.1:8080");
  closed_url = brunt_env_or("CLOSED_URL", "http://127.0.0.1:1/");
  missing_file = !opens("no-such-file");
  if (!brunt_metrics_metrics_static_metric_register(
        TEXT("orders"), BRUNT_METRICS_METRICS_KIND_COUNTER, BRUNT_METRICS_METRICS_UNIT_NONE, &orders, err))
    return false;
  if (brunt_data_shared_static_shared_list_open(TEXT("users"), &users)) return true;
  test_list_u8_t names[] = {*BYTES("lorem", 5), *BYTES("dolorem", 7), *BYTES("amet", 4)};
  return brunt_data_shared_static_shared_list_create(TEXT("users"), &(test_list_list_u8_t){names, 3}, &users, err);
}

bool exports_brunt_worlds_lifecycle_setup(test_option_list_u8_t *ret, test_string_t *err) {
  (void)err;
  test_string_t data;
  test_string_dup(&data, "from setup");
  *ret = (test_option_list_u8_t){true, {data.ptr, data.len}};
  return true;
}

bool exports_brunt_worlds_lifecycle_iterate(uint32_t function, test_string_t *err) {
  if (function == 1) return brunt_fail(err, "fails on purpose");
  if (!get_and_checks(err) || !post(err)) return false;
  failing_request();
  several_at_once();
  the_rest();
  return true;
}

bool exports_brunt_worlds_lifecycle_teardown(test_string_t *err) {
  (void)err;
  brunt_log_log_log(BRUNT_LOG_LOG_LEVEL_INFO, TEXT("teardown done"));
  return true;
}

// The count of iterations is cut out of the JSON; it is the only number under this key.
bool exports_brunt_worlds_lifecycle_handle_summary(
  test_string_t *data, test_list_tuple2_string_list_u8_t *ret, test_string_t *err) {
  char *json = calloc(data->len + 1, 1);
  if (json == NULL) abort();
  memcpy(json, data->ptr, data->len);
  test_string_free(data);
  char *metric = strstr(json, "\"iterations\":");
  char *count = metric == NULL ? NULL : strstr(metric, "\"count\":");
  if (count == NULL) {
    free(json);
    return brunt_fail(err, "the data has no count of iterations");
  }
  char text[64];
  snprintf(text, sizeof text, "own summary: %ld iterations\n", strtol(count + strlen("\"count\":"), NULL, 10));
  free(json);

  test_string_t content;
  test_string_dup(&content, text);
  ret->ptr = malloc(sizeof *ret->ptr);
  if (ret->ptr == NULL) abort();
  ret->len = 1;
  test_string_dup(&ret->ptr[0].f0, "stdout");
  ret->ptr[0].f1 = (test_list_u8_t){content.ptr, content.len};
  return true;
}

static bool get_and_checks(test_string_t *err) {
  char url[256];
  snprintf(url, sizeof url, "%s/get", base);
  brunt_http_client_own_response_t own;
  brunt_http_client_request_error_t error;
  if (!brunt_http_client_get(TEXT(url), &own, &error)) {
    *err = error.message;
    return false;
  }
  brunt_http_client_borrow_response_t response = brunt_http_client_borrow_response(own);
  brunt_check("status is 200", brunt_http_client_method_response_status(response) == 200);

  test_list_u8_t body;
  brunt_http_client_method_response_body(response, &body);
  uint64_t size = brunt_http_client_method_response_body_size(response);
  brunt_check("body is not empty", size > 0 && size == body.len);
  test_list_u8_free(&body);

  test_string_t text;
  brunt_http_client_method_response_protocol(response, &text);
  brunt_check("protocol is HTTP/1.1", text.len == 8 && memcmp(text.ptr, "HTTP/1.1", 8) == 0);
  test_string_free(&text);

  bool there = brunt_http_client_method_response_header(response, TEXT("Content-Type"), &text);
  brunt_check("header is there", there);
  if (there) test_string_free(&text);
  brunt_http_client_response_drop_own(own);
  return true;
}

static bool post(test_string_t *err) {
  brunt_data_shared_borrow_shared_list_t list = brunt_data_shared_borrow_shared_list(users);
  uint64_t index = brunt_execution_execution_vu_iteration() % brunt_data_shared_method_shared_list_length(list);
  test_list_u8_t user;
  if (!brunt_data_shared_method_shared_list_item(list, index, &user)) return brunt_fail(err, "no user");

  char url[256];
  snprintf(url, sizeof url, "%s/post", base);
  brunt_metrics_metrics_begin_group(TEXT("order"));
  brunt_http_client_own_request_t own = brunt_http_client_constructor_request(TEXT("POST"), TEXT(url));
  brunt_http_client_borrow_request_t request = brunt_http_client_borrow_request(own);
  brunt_http_client_method_request_set_header(request, TEXT("content-type"), TEXT("text/plain"));
  brunt_http_client_method_request_set_body(request, &user);
  brunt_http_client_method_request_set_tag(request, TEXT("name"), TEXT("order"));
  brunt_http_client_method_request_set_timeout(request, SECONDS(5));
  brunt_http_client_own_response_t response;
  brunt_http_client_request_error_t error;
  bool answered = brunt_http_client_method_request_send(request, &response, &error);
  brunt_http_client_request_drop_own(own);
  if (!answered) {
    test_list_u8_free(&user);
    *err = error.message;
    return false;
  }
  test_list_u8_t body;
  brunt_http_client_method_response_body(brunt_http_client_borrow_response(response), &body);
  brunt_http_client_response_drop_own(response);
  char name[16];
  snprintf(name, sizeof name, "%.*s", (int)user.len, (char *)user.ptr);
  test_tuple2_string_string_t kind = {*TEXT("kind"), *TEXT("order")};
  brunt_metrics_metrics_check_tagged(
    TEXT("the user comes back"), brunt_contains(body, name), &(brunt_metrics_metrics_tags_t){&kind, 1});
  test_list_u8_free(&body);
  brunt_metrics_metrics_end_group();

  brunt_metrics_metrics_borrow_metric_t counter = brunt_metrics_metrics_borrow_metric(orders);
  brunt_metrics_metrics_method_metric_add(counter, 1);
  test_tuple2_string_string_t tag = {*TEXT("user"), {user.ptr, user.len}};
  brunt_metrics_metrics_method_metric_add_tagged(counter, 2, &(brunt_metrics_metrics_tags_t){&tag, 1});
  test_list_u8_free(&user);
  return true;
}

static void failing_request(void) {
  brunt_http_client_own_response_t response;
  brunt_http_client_request_error_t error = {0};
  if (brunt_http_client_get(TEXT(closed_url), &response, &error)) brunt_http_client_response_drop_own(response);
  brunt_check("a refused connection is error 1212", error.code == 1212);
  if (error.code != 0) brunt_http_client_request_error_free(&error);
}

static brunt_http_client_own_pending_response_t start(const char *path) {
  char url[256];
  snprintf(url, sizeof url, "%s%s", base, path);
  brunt_http_client_own_request_t request = brunt_http_client_constructor_request(TEXT("GET"), TEXT(url));
  brunt_http_client_own_pending_response_t pending =
    brunt_http_client_method_request_start(brunt_http_client_borrow_request(request));
  brunt_http_client_request_drop_own(request);
  return pending;
}

/* A batch of one request. */
static brunt_http_client_own_pending_response_t start_batch(const char *path) {
  char url[256];
  snprintf(url, sizeof url, "%s%s", base, path);
  brunt_http_client_own_request_t request = brunt_http_client_constructor_request(TEXT("GET"), TEXT(url));
  brunt_http_client_borrow_request_t these[] = {brunt_http_client_borrow_request(request)};
  brunt_http_client_list_own_pending_response_t started;
  brunt_http_client_batch(&(brunt_http_client_list_borrow_request_t){these, 1}, &started);
  brunt_http_client_request_drop_own(request);
  brunt_http_client_own_pending_response_t pending = started.ptr[0];
  free(started.ptr);
  return pending;
}

static uint16_t finish(brunt_http_client_own_pending_response_t pending) {
  brunt_http_client_own_response_t response;
  brunt_http_client_request_error_t error;
  bool answered = brunt_http_client_method_pending_response_take(
    brunt_http_client_borrow_pending_response(pending), &response, &error);
  if (!answered) brunt_http_client_request_error_free(&error);
  brunt_http_client_pending_response_drop_own(pending);
  return brunt_take_status(answered, response);
}

static void several_at_once(void) {
  brunt_http_client_own_pending_response_t slow = start("/delay/0.3");
  brunt_http_client_own_pending_response_t fast = start_batch("/delay/0.1");
  brunt_time_waiting_own_waitable_t own[] = {
    brunt_http_client_method_pending_response_done(brunt_http_client_borrow_pending_response(slow)),
    brunt_http_client_method_pending_response_done(brunt_http_client_borrow_pending_response(fast)),
    brunt_time_waiting_after(SECONDS(10)),
  };
  brunt_time_waiting_borrow_waitable_t these[3];
  for (int i = 0; i < 3; i++) these[i] = brunt_time_waiting_borrow_waitable(own[i]);
  uint32_t first = brunt_time_waiting_wait_any(&(brunt_time_waiting_list_borrow_waitable_t){these, 3});
  for (int i = 0; i < 3; i++) brunt_time_waiting_waitable_drop_own(own[i]);
  brunt_check("the fast one is first", first == 1);
  uint16_t statuses[] = {finish(fast), finish(slow)};
  brunt_check("both are 200", statuses[0] == 200 && statuses[1] == 200);
}

static void the_rest(void) {
  uint64_t begun = brunt_time_clock_now();
  brunt_time_clock_sleep(SECONDS(0.01));
  brunt_check("sleep takes its time", brunt_time_clock_now() - begun >= SECONDS(0.01));
  brunt_check("the wall clock is past 2020", brunt_time_clock_wall() > SECONDS(1577836800));

  test_list_u8_t bytes;
  brunt_random_random_bytes(16, &bytes);
  brunt_check("random bytes are as many as asked", bytes.len == 16);
  test_list_u8_free(&bytes);

  brunt_check("VUs count from 1", brunt_execution_execution_vu_in_test() >= 1);
  bool there = brunt_execution_execution_setup_data(&bytes);
  brunt_check("setup's data is here", there && bytes.len == 10 && memcmp(bytes.ptr, "from setup", 10) == 0);
  if (there) test_list_u8_free(&bytes);
  there = brunt_data_shared_method_shared_list_item(brunt_data_shared_borrow_shared_list(users), 99, &bytes);
  brunt_check("nothing is beyond the end", !there);

  brunt_check("a missing file is refused", missing_file);
  brunt_check("files are opened in init only", !opens("contract.c"));
  char line[64];
  snprintf(line, sizeof line, "iteration %llu done", brunt_execution_execution_vu_iteration());
  brunt_log_log_log(BRUNT_LOG_LOG_LEVEL_INFO, TEXT(line));
}

static bool opens(const char *path) {
  brunt_data_files_own_file_t file;
  test_string_t error;
  if (brunt_data_files_open(TEXT(path), &file, &error)) {
    brunt_data_files_file_drop_own(file);
    return true;
  }
  test_string_free(&error);
  return false;
}
