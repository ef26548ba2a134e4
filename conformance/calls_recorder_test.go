// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// sent is everything that is compared about a request to the Backend API.
type sent struct {
	Method string
	// Path is as it went over the wire, encoded.
	Path string
	// Query has the values of each parameter in their order. That of the
	// parameters says nothing.
	Query  url.Values
	Header http.Header
	// Body is what JSON says, or the parts of a form; nil for none.
	Body any
}

// recorder stands for the Backend API, and keeps what it is asked. Paths begin
// with the number of the call.
type recorder struct {
	*httptest.Server
	mu   sync.Mutex
	sent map[int][]*sent
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	r := &recorder{sent: map[int][]*sent{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		number, path, _ := strings.Cut(strings.TrimPrefix(req.URL.EscapedPath(), "/"), "/")
		call, err := strconv.Atoi(number)
		if err != nil {
			t.Errorf("expected the number of a call, got %s", req.RequestURI)
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		one := &sent{Method: req.Method, Path: "/" + path, Header: withoutTransport(req.Header), Body: bodyOf(t, req, body)}
		if one.Query, err = url.ParseQuery(req.URL.RawQuery); err != nil {
			t.Errorf("%s: %v", req.RequestURI, err)
		}
		r.mu.Lock()
		r.sent[call] = append(r.sent[call], one)
		r.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"data":[],"total_count":0}`)
	}))
	t.Cleanup(r.Close)
	return r
}

// of gives what was sent for a call. Requests that are made at the same time
// come in no order.
func (r *recorder) of(call int) []*sent {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedStableFunc(slices.Values(r.sent[call]), func(a, b *sent) int { return strings.Compare(a.Path, b.Path) })
}

// transport are the headers that say nothing of the API: how bytes are sent,
// who sends them, and what fetch adds of its own.
var transport = []string{"Accept", "Accept-Encoding", "Accept-Language", "Connection", "Content-Length", "Sec-Fetch-Mode", "User-Agent"}

func withoutTransport(header http.Header) http.Header {
	header = header.Clone()
	for _, name := range transport {
		header.Del(name)
	}
	if strings.HasPrefix(header.Get("Content-Type"), "multipart/form-data;") {
		header.Set("Content-Type", "multipart/form-data") // The boundary is made up.
	}
	return header
}

func bodyOf(t *testing.T, r *http.Request, body []byte) (read any) {
	t.Helper()
	if len(body) == 0 {
		return nil
	}
	mediaType, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		t.Error(err)
	}
	if mediaType == "multipart/form-data" {
		return formOf(t, multipart.NewReader(bytes.NewReader(body), parameters["boundary"]))
	}
	if err := json.Unmarshal(body, &read); err != nil {
		t.Errorf("%s: %v in %s", r.RequestURI, err, body)
	}
	return read
}

// formOf gives the parts of a form by their names.
func formOf(t *testing.T, form *multipart.Reader) any {
	t.Helper()
	parts := map[string]any{}
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			return parts
		}
		if err != nil {
			t.Error(err)
			return parts
		}
		content, err := io.ReadAll(part)
		if err != nil {
			t.Error(err)
		}
		parts[part.FormName()] = []any{part.FileName(), part.Header.Get("Content-Type"), string(content)}
	}
}
