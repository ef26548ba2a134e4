// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

const (
	// maxRequest bounds what is sent: the headers of somebody's request and two
	// tokens.
	maxRequest = 128 << 10
	// maxBody bounds what is read of an answer.
	maxBody = 1 << 20
)

// request is what is asked of the API.
type request struct {
	method string
	key    string
	base   *url.URL
	path   string // below base
	query  url.Values
	body   []byte // JSON
	// hidden is what no error may repeat.
	hidden secrets
}

// answer is a successful one.
type answer struct {
	body   []byte
	header http.Header
	to     *request
}

// get reads what is at a path below the version, with the secret key.
func (c *Client) get(ctx context.Context, path string, query url.Values, hidden ...string) (*answer, error) {
	return c.do(ctx, &request{
		method: http.MethodGet, key: c.secretKey, base: c.base, path: path, query: query, hidden: hidden,
	})
}

// post sends a body, to wherever r says, and reads the answer into result.
func (c *Client) post(ctx context.Context, r *request, body, result any) error {
	var err error
	if r.body, err = json.Marshal(body); err != nil {
		return fmt.Errorf("making the request for %s: %w", r.path, err)
	}
	if len(r.body) > maxRequest {
		return fmt.Errorf("making the request for %s: expected at most %d bytes, got %d", r.path, maxRequest, len(r.body))
	}
	r.method = http.MethodPost
	a, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	return a.decode(result)
}

// do sends a request. Every call of the API goes through here.
func (c *Client) do(ctx context.Context, r *request) (*answer, error) {
	if r.key == "" {
		return nil, fmt.Errorf("asking Clerk for %s: expected the option SecretKey, got none", r.path)
	}
	r.hidden = r.hidden.behind(c.secretKey, c.machineSecretKey)
	req, err := r.toHTTP(ctx)
	if err != nil {
		return nil, fmt.Errorf("making the request for %s: %w", r.path, withoutURL(err))
	}
	resp, err := c.doer.Do(req)
	if err != nil {
		return nil, newUnreachable(r, withoutURL(err))
	}
	defer resp.Body.Close()
	body, err := ReadBody(resp.Body)
	if err != nil {
		return nil, newUnreachable(r, err)
	}
	// Every call here awaits content, which 204 says there is none of.
	if resp.StatusCode < 200 || resp.StatusCode > 299 || resp.StatusCode == http.StatusNoContent {
		return nil, newError(r, resp, body)
	}
	return &answer{body: body, header: resp.Header, to: r}, nil
}

func (r *request) toHTTP(ctx context.Context) (*http.Request, error) {
	u := r.base.JoinPath(r.path)
	u.RawQuery = r.query.Encode()
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+r.key)
	req.Header.Set("Clerk-Api-Version", apiDate)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", userAgent)
	return req, nil
}

// decode reads the answer, which fails with ErrNotJSON.
func (a *answer) decode(result any) error {
	if err := json.Unmarshal(a.body, result); err != nil {
		// The decoder repeats numbers that are too large, whole.
		return fmt.Errorf("reading Clerk's answer for %s: %w (%.128q)", a.to.path, ErrNotJSON, a.to.hidden.hider()(err.Error()))
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
func ReadBody(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("expected at most %d bytes", maxBody)
	}
	return body, nil
}
