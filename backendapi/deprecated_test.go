// SPDX-License-Identifier: Apache-2.0

package backendapi_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

func TestWhatIsNoLongerDescribedCanStillBeCalled(t *testing.T) {
	for want, call := range map[string]func(*backendapi.Client) (string, error){
		`POST /v1/emails {"from_email_name":"info","email_address_id":"idn_1","subject":"Hello","body":"\u003cb\u003e"}`: func(c *backendapi.Client) (string, error) {
			email, err := c.Emails.Create(t.Context(), backendapi.CreateEmailParams{ //nolint:staticcheck // It is what is tested.
				FromEmailName: "info", EmailAddressID: "idn_1", Subject: "Hello", Body: "<b>",
			})
			return email.ID, err
		},
		`POST /v1/sms_messages {"phone_number_id":"idn_1","message":"Hello"}`: func(c *backendapi.Client) (string, error) {
			message, err := c.SMSMessages.Create(t.Context(), backendapi.CreateSMSMessageParams{PhoneNumberID: "idn_1", Message: "Hello"}) //nolint:staticcheck // It is what is tested.
			return message.ID, err
		},
		`POST /v1/sessions/sess_1/verify {"token":"a.b.c"}`: func(c *backendapi.Client) (string, error) {
			session, err := c.Sessions.Verify(t.Context(), "sess_1", backendapi.VerifySessionParams{Token: "a.b.c"}) //nolint:staticcheck // It is what is tested.
			return session.ID, err
		},
	} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if got := r.Method + " " + r.RequestURI + " " + string(body); got != want {
				t.Errorf("expected\n%s\ngot\n%s", want, got)
			}
			_, _ = w.Write([]byte(`{"id":"id_1","email_address_id":null,"phone_number_id":null,"last_active_organization_id":null}`))
		})
		if id, err := call(client(t, server.URL)); err != nil || id != "id_1" {
			t.Errorf("%s: got %q, %v", want, id, err)
		}
	}
}
