// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	// maxRequest bounds what is sent for somebody's request: its headers and two
	// tokens.
	maxRequest = 128 << 10
	// maxBody bounds what is read of an answer to one.
	maxBody = 1 << 20
)

// request is what is asked of the API.
type request struct {
	method string
	key    string
	base   *url.URL
	path   string // below base
	query  url.Values
	body   []byte
	// contentType is the body's; JSON when empty.
	contentType string

	// name stands for the path in errors, if that is not itself.
	name string
	// hidden is what no error may repeat.
	hidden secrets
	// maxAnswer bounds the answer; maxBody when 0.
	maxAnswer int64
	// noContent says that a success may be without content.
	noContent bool
	// once says that the method may be idempotent, but what is asked for is not.
	once bool
	// unlimited says that Clerk does not count the request.
	unlimited bool
}

// String names what is asked for.
func (r *request) String() string { return cmp.Or(r.name, r.path) }

// answer is a successful one.
type answer struct {
	body   []byte
	header http.Header
	to     *request
}

// post sends a body, to wherever r says, and reads the answer into result.
func (c *Client) post(ctx context.Context, r *request, body, result any) error {
	var err error
	if r.body, err = json.Marshal(body); err != nil {
		return fmt.Errorf("making the request for %s: %w", r, err)
	}
	if len(r.body) > maxRequest {
		return fmt.Errorf("making the request for %s: expected at most %d bytes, got %d", r, maxRequest, len(r.body))
	}
	r.method = http.MethodPost
	a, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	return a.decode(result)
}

// do makes a request, and makes it again as the policy has it. Every call of the
// API goes through here.
func (c *Client) do(ctx context.Context, r *request) (*answer, error) {
	if r.key == "" {
		return nil, fmt.Errorf("asking Clerk for %s: expected the option SecretKey, got none", r)
	}
	r.hidden = r.hidden.behind(c.secretKey, c.machineSecretKey)
	began := time.Now()
	for attempts := 1; ; attempts++ {
		a, err := c.try(ctx, r)
		if err == nil || r.once || !idempotent[r.method] {
			return a, err
		}
		pause, again := c.retry.next(ctx, attempts, began, err)
		if !again {
			return nil, err
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, newUnreachable(r, err)
		}
	}
}

// try makes a request once, when the limit lets it.
func (c *Client) try(ctx context.Context, r *request) (*answer, error) {
	if err := c.wait(ctx, r); err != nil {
		return nil, newUnreachable(r, err)
	}
	req, err := r.toHTTP(ctx)
	if err != nil {
		return nil, fmt.Errorf("making the request for %s: %w", r, withoutURL(err))
	}
	req.Header.Set("Clerk-Api-Version", c.versionDate)
	req.Header.Set("User-Agent", c.userAgent)
	resp, err := c.doer.Do(req)
	if err != nil {
		return nil, newUnreachable(r, withoutURL(err))
	}
	defer resp.Body.Close()
	body, err := readBody(resp.Body, cmp.Or(r.maxAnswer, maxBody))
	if err != nil {
		return nil, newUnreachable(r, err)
	}
	// Where content is awaited, 204 says that there is none.
	if resp.StatusCode < 200 || resp.StatusCode > 299 || resp.StatusCode == http.StatusNoContent && !r.noContent {
		return nil, newError(r, resp, body)
	}
	return &answer{body: body, header: resp.Header, to: r}, nil
}

// wait queues a request behind the others of its key.
func (c *Client) wait(ctx context.Context, r *request) error {
	switch {
	case r.unlimited:
		return nil
	case r.key == c.machineSecretKey:
		return c.machineLimit.wait(ctx)
	default:
		return c.limit.wait(ctx)
	}
}

func (r *request) toHTTP(ctx context.Context) (*http.Request, error) {
	u := r.base.JoinPath(r.path)
	u.RawQuery = r.query.Encode()
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+r.key)
	req.Header.Set("Content-Type", cmp.Or(r.contentType, "application/json"))
	return req, nil
}

// decode reads the answer, which fails with ErrNotJSON.
func (a *answer) decode(result any) error {
	err := json.Unmarshal(a.body, result)
	if err == nil && string(bytes.TrimSpace(a.body)) == "null" {
		err = errNull // It would pass as an answer of which everything is absent.
	}
	if err != nil {
		// The decoder repeats numbers that are too large, whole.
		return fmt.Errorf("reading Clerk's answer for %s: %w (%.128q)", a.to, ErrNotJSON, a.to.hidden.hider()(err.Error()))
	}
	return nil
}

// withoutURL drops the address from an error of the HTTP client's: a query
// can hold a nonce.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// ReadBody reads an answer of at most 1 MiB, and fails on a larger one.
func ReadBody(r io.Reader) ([]byte, error) { return readBody(r, maxBody) }

var errNull = errors.New("expected something, got null")

// errTooLarge is an answer that is larger than it may be.
var errTooLarge = errors.New("expected at most")

func readBody(r io.Reader, most int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > most {
		return nil, fmt.Errorf("%w %d bytes", errTooLarge, most)
	}
	return body, nil
}
