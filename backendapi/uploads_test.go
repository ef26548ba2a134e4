// SPDX-License-Identifier: Apache-2.0

package backendapi_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

func TestAFileIsSentAsAForm(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		file, header, err := r.FormFile("file")
		if err != nil {
			t.Error(err)
			return
		}
		content, _ := io.ReadAll(file)
		if string(content) != "image" || header.Filename != `lo"go.png` || header.Header.Get("Content-Type") != "image/png" {
			t.Errorf("got %q, %+v", content, header)
		}
		if r.FormValue("uploader_user_id") != "user_1" {
			t.Errorf("expected the uploader, got %q", r.FormValue("uploader_user_id"))
		}
		_, _ = w.Write([]byte(`{"id":"org_1"}`))
	})
	organization, err := client(t, server.URL).Organizations.UploadLogo(t.Context(), "org_1", backendapi.UploadOrganizationLogoParams{
		UploaderUserID: "user_1",
		File:           backendapi.Upload{Name: `lo"go.png`, ContentType: "image/png", Content: strings.NewReader("image")},
	})
	if err != nil || organization.ID != "org_1" {
		t.Errorf("got %+v, %v", organization, err)
	}
}

func TestAFileThatCannotBeSentIsNot(t *testing.T) {
	server := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("expected no request") })
	for name, file := range map[string]backendapi.Upload{
		"none":      {Name: "logo.png"},
		"too large": {Content: strings.NewReader(strings.Repeat("x", 16<<20))},
		"broken":    {Content: brokenReader{}},
	} {
		_, err := client(t, server.URL).Users.SetProfileImage(t.Context(), "user_1", backendapi.SetUserProfileImageParams{File: file})
		if err == nil || backendapi.Unavailable(err) {
			t.Errorf("%s: expected it to be refused here, got %v", name, err)
		}
	}
}

// The answer to a request may repeat what was sent, and Clerk's messages do.
func TestWhatAParameterHoldsIsNotRepeated(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write([]byte(`{"errors":[{"code":"a","message":` + strings.TrimSuffix(strings.SplitN(string(body), ":", 2)[1], "}") + `}]}`))
	})
	_, err := client(t, server.URL).Users.VerifyPassword(t.Context(), "user_1", backendapi.VerifyUserPasswordParams{Password: "hunter2 do_not_print_me"})
	checkText(t, err)
	if got := wantError(t, err, 422).Details[0].Message; got != "[hidden]" {
		t.Errorf("expected the password to be hidden, got %q", got)
	}
}
