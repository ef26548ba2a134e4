// SPDX-License-Identifier: Apache-2.0

package backendapi_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

var seed = flag.Uint64("seed", 1, "what is asked and answered in TestEveryOperationIsAsClerkDescribesIt")

// described is an operation of Clerk's description.
type described struct {
	method, path string
	item         *openapi3.PathItem
	spec         *openapi3.Operation
}

// describedOperations reads Clerk's description, where there is one.
func describedOperations(t *testing.T) (*openapi3.T, map[string]*described) {
	t.Helper()
	path := os.Getenv("CLERK_BAPI_DESCRIPTION")
	if path == "" {
		t.Skip("CLERK_BAPI_DESCRIPTION is not set: it is the path of Clerk's description of the Backend API")
	}
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*described{}
	for path, item := range doc.Paths.Map() {
		for method, spec := range item.Operations() {
			all[spec.OperationID] = &described{method, path, item, spec}
		}
	}
	return doc, all
}

// methodsByOperation gives the methods that make the operations, such as
// Users.Get, by the operations' names.
func methodsByOperation(t *testing.T) map[string]string {
	t.Helper()
	table, err := os.ReadFile("internal/generate/operations.tsv")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for line := range strings.Lines(string(table)) {
		if cells := strings.Split(line, "\t"); !strings.HasPrefix(line, "#") {
			found[cells[0]] = cells[1]
		}
	}
	return found
}

func methodOf(t *testing.T, c *backendapi.Client, call string) reflect.Value {
	t.Helper()
	field, name, _ := strings.Cut(call, ".")
	service := reflect.ValueOf(c).Elem().FieldByName(field)
	if !service.IsValid() {
		t.Fatalf("there is no resource %s", field)
	}
	method := service.MethodByName(name)
	if !method.IsValid() {
		t.Fatalf("there is no method %s", call)
	}
	return method
}

// Every operation is called as Clerk describes it, and its answer is understood:
// with all that may be left out, and without any of it.
func TestEveryOperationIsAsClerkDescribesIt(t *testing.T) {
	doc, operations := describedOperations(t)
	calls := methodsByOperation(t)
	if len(operations) != len(calls) {
		t.Errorf("expected %d operations, got %d", len(operations), len(calls))
	}
	for id, o := range operations {
		for _, full := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, full %t", id, full), func(t *testing.T) {
				c := &contract{T: t, doc: doc, described: o, sampler: newSampler(*seed, full), id: id}
				c.check(calls[id])
			})
		}
	}
}

// contract is one call as Clerk describes it.
type contract struct {
	*testing.T
	*described
	*sampler
	doc *openapi3.T
	id  string

	ids    []string // for the path's parameters, in turn
	query  map[string]any
	body   any // nil for none
	answer any
	asked  int
}

func (c *contract) check(call string) {
	c.plan()
	server := serve(c.T, c.serve)
	api, err := backendapi.New(backendapi.Options{SecretKey: secret, APIURL: server.URL, Retry: new(backendapi.RetryPolicy)})
	if err != nil {
		c.Fatal(err)
	}
	results := methodOf(c.T, api, call).Call(c.arguments(methodOf(c.T, api, call).Type()))
	if err, _ := results[len(results)-1].Interface().(error); err != nil {
		c.Fatalf("%v\nanswer: %s", err, mustJSON(c.answer))
	}
	if c.asked != 1 {
		c.Errorf("expected one request, got %d", c.asked)
	}
	if len(results) == 2 && !byHand[c.id] {
		c.survived(results[0])
	}
}

// byHand are the operations whose results are not what Clerk answered, but what
// was made of it.
var byHand = map[string]bool{
	"GetPublicInterstitial": true, "GetJWKS": true, "RefreshSession": true,
	"verifyApiKey": true, "verifyM2MToken": true, "verifyOAuthAccessToken": true,
}

// plan decides what will be asked and answered.
func (c *contract) plan() {
	c.query = map[string]any{}
	for _, p := range c.spec.Parameters {
		// Lists are always asked for with their total count.
		if p.Value.In == "query" && p.Value.Name != "paginated" && (c.full || p.Value.Required) {
			c.query[p.Value.Name] = c.value(p.Value.Name, p.Value.Schema.Value)
		}
	}
	for element := range strings.SplitSeq(c.path, "/") {
		if strings.HasPrefix(element, "{") {
			c.ids = append(c.ids, c.text("", c.spec.Parameters.GetByInAndName("path", strings.Trim(element, "{}")).Schema.Value))
		}
	}
	if c.id == "RefreshSession" {
		c.ids = []string{"sess_1"}
	}
	if c.spec.RequestBody != nil {
		if media := c.spec.RequestBody.Value.Content.Get("application/json"); media != nil {
			c.body = c.value("", media.Schema.Value)
		}
	}
	for status, response := range c.spec.Responses.Map() {
		if media := response.Value.Content.Get("application/json"); strings.HasPrefix(status, "2") && media != nil {
			c.answer = c.value("", media.Schema.Value)
		}
	}
}

// arguments gives what the method is called with.
func (c *contract) arguments(method reflect.Type) []reflect.Value {
	arguments := []reflect.Value{reflect.ValueOf(c.Context())}
	ids := c.ids
	for i := 1; i < method.NumIn(); i++ {
		in := method.In(i)
		if in.Kind() != reflect.String {
			arguments = append(arguments, c.params(in))
			continue
		}
		id := token
		if len(ids) > 0 {
			id, ids = ids[0], ids[1:]
		}
		arguments = append(arguments, reflect.ValueOf(id))
	}
	return arguments
}

func (c *contract) params(in reflect.Type) reflect.Value {
	params := reflect.New(in)
	switch in {
	case reflect.TypeFor[backendapi.RefreshSessionParams]():
		return reflect.ValueOf(refresh)
	case reflect.TypeFor[backendapi.InterstitialParams]():
		return reflect.ValueOf(backendapi.InterstitialParams{PublishableKey: "pk_test_a"})
	}
	if c.body != nil {
		c.fill(params.Interface(), c.body)
	}
	if in.Kind() != reflect.Struct {
		return params.Elem()
	}
	for i := range in.NumField() {
		field := params.Elem().Field(i)
		if field.Type() == reflect.TypeFor[backendapi.Upload]() {
			field.Set(reflect.ValueOf(backendapi.Upload{Name: "logo.png", ContentType: "image/png", Content: strings.NewReader("image")}))
		}
		name, _, _ := strings.Cut(in.Field(i).Tag.Get("query"), ",")
		if value, ok := c.query[name]; ok && name != "" {
			c.fillQuery(field, value)
		}
	}
	return params.Elem()
}

func (c *contract) fillQuery(field reflect.Value, value any) {
	switch field.Type() {
	case reflect.TypeFor[backendapi.Optional[time.Time]]():
		field.Set(reflect.ValueOf(backendapi.Some(time.UnixMilli(int64(value.(float64))))))
	case reflect.TypeFor[backendapi.Optional[bool]]():
		field.Set(reflect.ValueOf(backendapi.Some(value == true || value == "true")))
	default:
		c.fill(field.Addr().Interface(), value)
	}
}

func (c *contract) fill(target, value any) {
	if err := json.Unmarshal(mustJSON(value), target); err != nil {
		c.Fatalf("the parameters take no %s: %v", mustJSON(value), err)
	}
}

// serve validates a request, and answers it.
func (c *contract) serve(w http.ResponseWriter, r *http.Request) {
	c.asked++
	want := "/v1" + c.path
	if regexp.MustCompile(`^/(api_keys|m2m_tokens|oauth_applications/access_tokens)\b`).MatchString(c.path) {
		want = c.path
	}
	params := map[string]string{}
	for _, id := range c.ids {
		begin, end := strings.Index(want, "{"), strings.Index(want, "}")
		params[want[begin+1:end]] = id
		want = want[:begin] + url.PathEscape(id) + want[end+1:]
	}
	if r.Method != c.method || r.URL.EscapedPath() != want {
		c.Errorf("expected %s %s, got %s %s", c.method, want, r.Method, r.URL.EscapedPath())
	}
	for name := range c.query {
		if !r.URL.Query().Has(name) && c.id != "GetPublicInterstitial" {
			c.Errorf("expected the parameter %s, got %s", name, r.URL.RawQuery)
		}
	}
	body, _ := io.ReadAll(r.Body)
	c.checkBody(body)
	input := &openapi3filter.RequestValidationInput{
		Request:    requestAgain(r, body),
		PathParams: params,
		Route:      &routers.Route{Spec: c.doc, Path: c.path, PathItem: c.item, Method: c.method, Operation: c.spec},
		Options:    &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
		c.Errorf("the request is not as described: %v\n%s", err, body)
	}
	c.respond(w, input)
}

// requestAgain gives a request with the body that was read of it. Without one
// there is no type of one.
func requestAgain(r *http.Request, body []byte) *http.Request {
	again := httptest.NewRequestWithContext(r.Context(), r.Method, r.RequestURI, strings.NewReader(string(body)))
	again.Header = r.Header.Clone()
	if len(body) == 0 {
		again.Header.Del("Content-Type")
	}
	return again
}

func (c *contract) checkBody(body []byte) {
	switch {
	case c.body == nil && len(body) > 0 && c.spec.RequestBody == nil:
		c.Errorf("expected no body, got %s", body)
	case c.body != nil && !byHand[c.id]:
		var got any
		if err := json.Unmarshal(body, &got); err != nil || !reflect.DeepEqual(got, again(c.body)) {
			c.Errorf("expected the body\n%s, got\n%s", mustJSON(c.body), body)
		}
	}
}

func (c *contract) respond(w http.ResponseWriter, input *openapi3filter.RequestValidationInput) {
	status := http.StatusOK
	for code, response := range c.spec.Responses.Map() {
		if strings.HasPrefix(code, "2") {
			_, _ = fmt.Sscan(code, &status)
			if len(response.Value.Content) == 0 && c.id != "GetPublicInterstitial" {
				w.WriteHeader(status)
				return
			}
		}
	}
	answer := mustJSON(c.answer)
	w.Header().Set("Content-Type", "application/json")
	if c.id != "GetPublicInterstitial" {
		if err := openapi3filter.ValidateResponse(input.Request.Context(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: input, Status: status, Header: w.Header().Clone(), Body: io.NopCloser(strings.NewReader(string(answer))),
		}); err != nil {
			c.Errorf("the sample is not as described: %v", err)
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(answer)
}

// survived expects everything of the answer to be in what was made of it.
func (c *contract) survived(result reflect.Value) {
	want := again(c.answer)
	got := again(result.Interface())
	if page, ok := got.(map[string]any); ok && strings.HasPrefix(reflect.Indirect(result).Type().Name(), "Page[") {
		got = page["data"]
		if object, ok := want.(map[string]any); ok {
			if !reflect.DeepEqual(page["total_count"], object["total_count"]) {
				c.Errorf("expected the total count %v, got %v", object["total_count"], page["total_count"])
			}
			want = object["data"]
			if tokens, ok := object["m2m_tokens"]; ok {
				want = tokens
			}
		}
	}
	if lost := lostOf("answer", want, got); lost != "" {
		c.Errorf("%s was lost\nanswer: %s\nresult: %s", lost, mustJSON(want), mustJSON(got))
	}
}

// lostOf names something that is in want and not in got.
func lostOf(name string, want, got any) string {
	switch want := want.(type) {
	case map[string]any:
		members, ok := got.(map[string]any)
		if !ok {
			return name
		}
		for member, value := range want {
			have, ok := members[member]
			if !ok {
				return name + "." + member
			}
			if lost := lostOf(name+"."+member, value, have); lost != "" {
				return lost
			}
		}
		return ""
	case []any:
		elements, ok := got.([]any)
		if !ok || len(elements) != len(want) {
			return name
		}
		for i, value := range want {
			if lost := lostOf(fmt.Sprintf("%s[%d]", name, i), value, elements[i]); lost != "" {
				return lost
			}
		}
		return ""
	}
	if !reflect.DeepEqual(want, got) {
		return name
	}
	return ""
}

func mustJSON(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}

// again gives a value as it is read from JSON.
func again(value any) (read any) {
	if err := json.Unmarshal(mustJSON(value), &read); err != nil {
		panic(err)
	}
	return read
}

// What is to be one element of a path often comes from somebody's request. It
// must not lead to another operation, which the secret key allows, too.
func TestNoOperationLeavesItsPath(t *testing.T) {
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("expected no request, got %s", r.RequestURI) })
	api := client(t, server.URL)
	for id, call := range methodsByOperation(t) {
		if byHand[id] {
			continue
		}
		method := methodOf(t, api, call)
		for at := 1; at < method.Type().NumIn(); at++ {
			if method.Type().In(at).Kind() != reflect.String {
				continue
			}
			for _, hostile := range []string{
				"", ".", "..", "/", "../users", "a/b", `..\users`, "%2e%2e", "%2F", "a%", "a\x00", "a\r\nX: y", "\xff", "\u0085", strings.Repeat("a", 257),
			} {
				arguments := []reflect.Value{reflect.ValueOf(t.Context())}
				for i := 1; i < method.Type().NumIn(); i++ {
					argument := reflect.New(method.Type().In(i)).Elem()
					if i == at {
						argument.SetString(hostile)
					} else if argument.Kind() == reflect.String {
						argument.SetString("id_1")
					}
					arguments = append(arguments, argument)
				}
				results := method.Call(arguments)
				err, _ := results[len(results)-1].Interface().(error)
				if err == nil || backendapi.Unavailable(err) || errors.Is(err, backendapi.ErrNotJSON) {
					t.Fatalf("%s with %q: expected it to be refused here, got %v", call, hostile, err)
				}
				checkText(t, err)
			}
		}
	}
}
