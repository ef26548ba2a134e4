// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxContent bounds in bytes what an operation sends: logos are of 10 MB at
	// most.
	maxContent = 16 << 20
	// maxAnswer bounds in bytes what an operation is answered with: a page of 500
	// users with their metadata.
	maxAnswer = 32 << 20
	// maxPathParameter is more than the length in bytes of any ID.
	maxPathParameter = 256
)

// operation is one of the Backend API's with what it is called with.
type operation struct {
	method string
	// path is the one in Clerk's reference, with its parameters in braces, for
	// which ids stand in turn.
	path string
	ids  []string
	// params is a struct: of its fields, those with a tag query make the query,
	// and the others the body, where hasBody says so.
	params  any
	hasBody bool
	// paginated asks for a list with its total count.
	paginated bool
	// unversioned paths do not begin with the version.
	unversioned bool
	// byMachine is what a machine's own key does, if there is one.
	byMachine bool
	// upload is sent in place of a body.
	upload *upload
}

// call makes an operation that is answered with a T.
func call[T any](ctx context.Context, c *Client, o *operation) (*T, error) {
	result := new(T)
	if err := c.perform(ctx, o, result); err != nil {
		return nil, err
	}
	return result, nil
}

// callForValue makes an operation that is answered with a list, or with what is
// not known.
func callForValue[T any](ctx context.Context, c *Client, o *operation) (T, error) {
	var result T
	err := c.perform(ctx, o, &result)
	return result, err
}

// perform makes an operation and reads its answer into result; nil means that
// there is none to read.
func (c *Client) perform(ctx context.Context, o *operation, result any) error {
	r, err := c.request(o)
	if err != nil {
		return err
	}
	r.noContent = result == nil
	a, err := c.do(ctx, r)
	if err != nil || result == nil {
		return err
	}
	return a.decode(result)
}

// request makes an operation's request.
func (c *Client) request(o *operation) (*request, error) {
	r := &request{method: o.method, name: o.path, key: c.secretKey, base: c.base, maxAnswer: maxAnswer}
	if o.unversioned {
		r.base = c.unversioned
	}
	if o.byMachine && c.machineSecretKey != "" {
		r.key = c.machineSecretKey
	}
	fail := func(err error) (*request, error) { return nil, fmt.Errorf("making the request for %s: %w", r, err) }
	var err error
	if r.path, err = fillPath(o.path, o.ids); err != nil {
		return fail(err)
	}
	if err := r.setParams(o); err != nil {
		return fail(err)
	}
	if len(r.body) > maxContent {
		return fail(fmt.Errorf("expected at most %d bytes, got %d", maxContent, len(r.body)))
	}
	r.hidden = secretsIn(r.body)
	return r, nil
}

func (r *request) setParams(o *operation) (err error) {
	if o.params != nil && reflect.TypeOf(o.params).Kind() == reflect.Struct {
		r.query = encodeQuery(o.params)
	}
	if o.paginated {
		r.query.Set("paginated", "true")
	}
	switch {
	case o.upload != nil:
		r.contentType, r.body, err = o.upload.encode()
	case o.hasBody:
		r.body, err = json.Marshal(o.params)
	}
	return err
}

// fillPath puts IDs into the path of an operation. They often come from
// somebody's request, and must not lead to another operation.
func fillPath(path string, ids []string) (string, error) {
	var filled []string
	for element := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if !strings.HasPrefix(element, "{") {
			filled = append(filled, element)
			continue
		}
		id := ids[0]
		ids = ids[1:]
		if !isPathParameter(id) {
			// Without the text: it may be a secret in the wrong place.
			return "", fmt.Errorf("%s: expected one element of a path, of 1 to %d bytes, that is not . or .. and without /, \\, %% and control characters, got %d bytes",
				strings.Trim(element, "{}"), maxPathParameter, len(id))
		}
		filled = append(filled, url.PathEscape(id))
	}
	return strings.Join(filled, "/"), nil
}

func isPathParameter(id string) bool {
	return id != "" && id != "." && id != ".." && len(id) <= maxPathParameter && utf8.ValidString(id) &&
		!strings.ContainsAny(id, `/\%`) && !strings.ContainsFunc(id, unicode.IsControl)
}

// Upload is a file that is sent to Clerk, of 16 MiB at most.
type Upload struct {
	// Name is the file's, such as logo.png.
	Name string
	// ContentType is its media type, such as image/png; when it is empty, Clerk
	// finds out.
	ContentType string
	Content     io.Reader
}

// upload is a file with the form's other fields.
type upload struct {
	file   Upload
	fields map[string]string
}

// encode gives the form as multipart/form-data (RFC 7578).
func (u *upload) encode() (contentType string, body []byte, err error) {
	if u.file.Content == nil {
		return "", nil, errors.New("file: expected content")
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for name, value := range u.fields {
		if value == "" {
			continue
		}
		if err := w.WriteField(name, value); err != nil {
			return "", nil, err
		}
	}
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", multipart.FileContentDisposition("file", u.file.Name))
	if u.file.ContentType == "" {
		u.file.ContentType = "application/octet-stream"
	}
	header.Set("Content-Type", u.file.ContentType)
	part, err := w.CreatePart(header)
	if err != nil {
		return "", nil, err
	}
	if _, err := io.Copy(part, io.LimitReader(u.file.Content, maxContent+1)); err != nil {
		return "", nil, fmt.Errorf("file: %w", err)
	}
	err = w.Close()
	return w.FormDataContentType(), form.Bytes(), err
}
