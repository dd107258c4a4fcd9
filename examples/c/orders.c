// Defines a test in C: every user orders something, and what comes back is checked.
//
// It shows most of what a test can do: options and thresholds, setup, data that all users share, a custom metric,
// checks, a group, a request that may fail, and several requests at once.

#include "brunt.h"

// One instance is one virtual user: what it keeps from one iteration to the next is global.
static const char *base;
static brunt_metrics_metrics_own_metric_t orders;
static brunt_data_shared_own_shared_list_t articles;

static bool order(test_string_t *err);
static bool browse(test_string_t *err);

void exports_brunt_worlds_lifecycle_describe(test_string_t *ret) {
  test_string_dup(ret,
    "{ \"options\": {"
    "    \"scenarios\": {"
    "      \"orders\": { \"executor\": \"constant-vus\", \"vus\": 2, \"duration\": \"5s\", \"exec\": \"order\" },"
    "      \"browsing\": { \"executor\": \"constant-vus\", \"vus\": 2, \"duration\": \"5s\", \"exec\": \"browse\" } },"
    "    \"thresholds\": { \"checks\": [\"rate>0.99\"], \"http_req_duration\": [\"p(95)<500\"] } },"
    "  \"functions\": [\"order\", \"browse\"],"
    "  \"lifecycle\": [\"setup\"] }");
}

bool exports_brunt_worlds_lifecycle_init(test_string_t *err) {
  base = brunt_env_or("BASE_URL", "http://127.0.0.1:8080");
  if (!brunt_metrics_metrics_static_metric_register(
        TEXT("orders"), BRUNT_METRICS_METRICS_KIND_COUNTER, BRUNT_METRICS_METRICS_UNIT_NONE, &orders, err))
    return false;
  // One copy in the engine for all users; the first one makes it.
  if (brunt_data_shared_static_shared_list_open(TEXT("articles"), &articles)) return true;
  test_list_u8_t names[] = {*BYTES("hat", 3), *BYTES("shoe", 4), *BYTES("glove", 5)};
  return brunt_data_shared_static_shared_list_create(
    TEXT("articles"), &(test_list_list_u8_t){names, 3}, &articles, err);
}

bool exports_brunt_worlds_lifecycle_setup(test_option_list_u8_t *ret, test_string_t *err) {
  (void)err;
  // What is returned is freed by the bindings, so it is a copy.
  test_string_t token;
  test_string_dup(&token, "Bearer secret");
  *ret = (test_option_list_u8_t){true, {token.ptr, token.len}};
  return true;
}

bool exports_brunt_worlds_lifecycle_iterate(uint32_t function, test_string_t *err) {
  switch (function) {
    case 0: return order(err);
    case 1: return browse(err);
    default: return brunt_fail(err, "there is no such function");
  }
}

static bool order(test_string_t *err) {
  test_list_u8_t article, token;
  brunt_data_shared_borrow_shared_list_t list = brunt_data_shared_borrow_shared_list(articles);
  uint64_t index = brunt_random_random_next() % brunt_data_shared_method_shared_list_length(list);
  if (!brunt_data_shared_method_shared_list_item(list, index, &article)) return brunt_fail(err, "no articles");
  if (!brunt_execution_execution_setup_data(&token)) return brunt_fail(err, "setup returned no token");

  char body[64];
  snprintf(body, sizeof body, "{\"article\":\"%.*s\"}", (int)article.len, (char *)article.ptr);
  char url[256];
  snprintf(url, sizeof url, "%s/post", base);

  brunt_metrics_metrics_begin_group(TEXT("order"));
  brunt_http_client_own_request_t request = brunt_http_client_constructor_request(TEXT("POST"), TEXT(url));
  brunt_http_client_borrow_request_t post = brunt_http_client_borrow_request(request);
  brunt_http_client_method_request_set_header(post, TEXT("content-type"), TEXT("application/json"));
  brunt_http_client_method_request_set_header(
    post, TEXT("authorization"), &(test_string_t){token.ptr, token.len});
  brunt_http_client_method_request_set_body(post, BYTES(body, strlen(body)));
  brunt_http_client_method_request_set_timeout(post, SECONDS(5));

  brunt_http_client_own_response_t response;
  brunt_http_client_request_error_t error;
  bool answered = brunt_http_client_method_request_send(post, &response, &error);
  brunt_http_client_request_drop_own(request);
  brunt_metrics_metrics_end_group();

  // A request without a response is a value: the check fails, and the user goes on.
  if (!answered) brunt_http_client_request_error_free(&error);
  brunt_check("status is 200", brunt_take_status(answered, response) == 200);

  test_tuple2_string_string_t tag = {*TEXT("article"), {article.ptr, article.len}};
  brunt_metrics_metrics_method_metric_add_tagged(
    brunt_metrics_metrics_borrow_metric(orders), 1, &(brunt_metrics_metrics_tags_t){&tag, 1});
  test_list_u8_free(&article);
  test_list_u8_free(&token);
  brunt_time_clock_sleep(SECONDS(0.5));
  return true;
}

static brunt_http_client_own_pending_response_t start(const char *path) {
  char url[256];
  snprintf(url, sizeof url, "%s/%s", base, path);
  brunt_http_client_own_request_t request = brunt_http_client_constructor_request(TEXT("GET"), TEXT(url));
  brunt_http_client_own_pending_response_t pending =
    brunt_http_client_method_request_start(brunt_http_client_borrow_request(request));
  brunt_http_client_request_drop_own(request);
  return pending;
}

// Whichever of two pages is there first, but no longer than a second.
static bool browse(test_string_t *err) {
  (void)err;
  brunt_http_client_own_pending_response_t pages[] = {start("get"), start("headers")};
  brunt_time_waiting_own_waitable_t done[] = {
    brunt_http_client_method_pending_response_done(brunt_http_client_borrow_pending_response(pages[0])),
    brunt_http_client_method_pending_response_done(brunt_http_client_borrow_pending_response(pages[1])),
    brunt_time_waiting_after(SECONDS(1)),
  };
  brunt_time_waiting_borrow_waitable_t these[3];
  for (int i = 0; i < 3; i++) these[i] = brunt_time_waiting_borrow_waitable(done[i]);
  uint32_t first = brunt_time_waiting_wait_any(&(brunt_time_waiting_list_borrow_waitable_t){these, 3});
  for (int i = 0; i < 3; i++) brunt_time_waiting_waitable_drop_own(done[i]);

  if (brunt_check("a page came within a second", first < 2)) {
    brunt_http_client_own_response_t response;
    brunt_http_client_request_error_t error;
    bool answered = brunt_http_client_method_pending_response_take(
      brunt_http_client_borrow_pending_response(pages[first]), &response, &error);
    if (!answered) {
      brunt_log_log_log(BRUNT_LOG_LOG_LEVEL_WARN, &error.message);
      brunt_http_client_request_error_free(&error);
    }
    brunt_check("page is there", brunt_take_status(answered, response) == 200);
  }
  for (int i = 0; i < 2; i++) brunt_http_client_pending_response_drop_own(pages[i]);
  brunt_time_clock_sleep(SECONDS(0.5));
  return true;
}

bool exports_brunt_worlds_lifecycle_teardown(test_string_t *err) {
  (void)err;
  return true;
}

bool exports_brunt_worlds_lifecycle_handle_summary(
  test_string_t *data, test_list_tuple2_string_list_u8_t *ret, test_string_t *err) {
  (void)ret;
  test_string_free(data);
  return brunt_fail(err, "this test makes no summary of its own");
}
