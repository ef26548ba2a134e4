// SPDX-License-Identifier: Apache-2.0

package backendapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

// listing serves a list of so many elements in a form, and notes what it was
// asked.
func listing(t *testing.T, elements int, form string, asked *[]string) *backendapi.Client {
	t.Helper()
	return client(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.Query().Get("limit")+" from "+r.URL.Query().Get("offset"))
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		var page []string
		for i := min(offset, elements); i < min(offset+limit, elements); i++ {
			page = append(page, fmt.Sprintf(`{"id":"%d"}`, i))
		}
		text := strings.ReplaceAll(form, "LIST", "["+strings.Join(page, ",")+"]")
		_, _ = w.Write([]byte(strings.ReplaceAll(text, "TOTAL", strconv.Itoa(elements))))
	}).URL)
}

const (
	bareList  = `LIST`
	countList = `{"data":LIST,"total_count":TOTAL}`
	m2mList   = `{"m2m_tokens":LIST,"total_count":TOTAL}`
)

func TestAllWalksThePages(t *testing.T) {
	for name, test := range map[string]struct {
		elements      int
		form          string
		limit, offset backendapi.Optional[int]
		want          int
		asked         []string
	}{
		"nothing":                    {0, bareList, backendapi.Some(3), backendapi.Optional[int]{}, 0, []string{"3 from 0"}},
		"nothing of nothing":         {0, countList, backendapi.Some(3), backendapi.Optional[int]{}, 0, []string{"3 from 0"}},
		"a part of a page":           {2, bareList, backendapi.Some(3), backendapi.Optional[int]{}, 2, []string{"3 from 0"}},
		"a page without a count":     {3, bareList, backendapi.Some(3), backendapi.Optional[int]{}, 3, []string{"3 from 0", "3 from 3"}},
		"a page":                     {3, countList, backendapi.Some(3), backendapi.Optional[int]{}, 3, []string{"3 from 0"}},
		"pages":                      {7, countList, backendapi.Some(3), backendapi.Optional[int]{}, 7, []string{"3 from 0", "3 from 3", "3 from 6"}},
		"pages without a count":      {7, bareList, backendapi.Some(3), backendapi.Optional[int]{}, 7, []string{"3 from 0", "3 from 3", "3 from 6"}},
		"from an offset on":          {7, countList, backendapi.Some(3), backendapi.Some(5), 2, []string{"3 from 5"}},
		"from beyond the end on":     {7, countList, backendapi.Some(3), backendapi.Some(9), 0, []string{"3 from 9"}},
		"a page size of our own":     {150, countList, backendapi.Optional[int]{}, backendapi.Optional[int]{}, 150, []string{"100 from 0", "100 from 100"}},
		"no elements at a time":      {7, bareList, backendapi.Some(0), backendapi.Optional[int]{}, 0, []string{"0 from 0"}},
		"tokens by a name like this": {4, m2mList, backendapi.Some(3), backendapi.Optional[int]{}, 4, []string{"3 from 0", "3 from 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			var asked, got []string
			api := listing(t, test.elements, test.form, &asked)
			for user, err := range api.Users.All(t.Context(), backendapi.ListUsersParams{Limit: test.limit, Offset: test.offset}) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, user.ID)
			}
			if len(got) != test.want || !slices.Equal(asked, test.asked) {
				t.Errorf("expected %d by %q, got %q by %q", test.want, test.asked, got, asked)
			}
			for i, id := range got {
				if id != strconv.Itoa(i+test.offset.Or(0)) {
					t.Errorf("element %d: got %s", i, id)
				}
			}
		})
	}
}

func TestWalkingEndsWithTheCaller(t *testing.T) {
	var asked []string
	api := listing(t, 9, countList, &asked)
	for user := range api.Users.All(t.Context(), backendapi.ListUsersParams{Limit: backendapi.Some(3)}) {
		if user.ID == "4" {
			break
		}
	}
	if len(asked) != 2 {
		t.Errorf("expected two requests, got %q", asked)
	}
}

func TestWalkingEndsWithAnError(t *testing.T) {
	pages := 0
	api := client(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if pages++; pages == 2 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte(`[{"id":"1"}]`))
	}).URL)
	var found []error
	for user, err := range api.Users.All(t.Context(), backendapi.ListUsersParams{Limit: backendapi.Some(1)}) {
		if found = append(found, err); (user == nil) != (err != nil) {
			t.Errorf("expected a user or an error, got %v, %v", user, err)
		}
	}
	if len(found) != 2 || found[0] != nil || !errors.Is(found[1], backendapi.ErrNotFound) {
		t.Errorf("expected a user and an error, got %v", found)
	}
}

func TestAListThatIsNoneIsAnError(t *testing.T) {
	for _, body := range []string{`{}`, `{"data":null}`, `{"total_count":1}`, `"x"`, `5`, `{"data":{}}`, `{"data":[],"total_count":"1"}`, `[5]`} {
		_, err := client(t, serve(t, answer(200, body)).URL).Users.List(t.Context(), backendapi.ListUsersParams{})
		if !errors.Is(err, backendapi.ErrNotJSON) {
			t.Errorf("%s: expected another form, got %v", body, err)
		}
	}
}

// A page of 500 users with their metadata is more than any other answer.
func TestALargePageIsRead(t *testing.T) {
	user := `{"id":"user_1","public_metadata":{"text":"` + strings.Repeat("x", 40_000) + `"}}`
	api := client(t, serve(t, answer(200, "["+strings.Repeat(user+",", 499)+user+"]")).URL)
	page, err := api.Users.List(t.Context(), backendapi.ListUsersParams{})
	if err != nil || len(page.Data) != 500 {
		t.Errorf("expected 500 users, got %v", err)
	}
}

// What Clerk names tomorrow must not break what is built today.
func TestWhatIsNotKnownYetIsKept(t *testing.T) {
	api := client(t, serve(t, answer(200, `{"id":"sess_1","status":"dreaming","new_member":{"a":[1]},"last_active_at":null}`)).URL)
	session, err := api.Sessions.Get(t.Context(), "sess_1")
	if err != nil || session.Status != "dreaming" {
		t.Errorf("expected the status as it came, got %+v, %v", session, err)
	}
}
