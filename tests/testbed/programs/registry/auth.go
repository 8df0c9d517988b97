package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const service = "testbed"

// account is the one user of the registry.
type account struct{ name, password string }

func (a account) signedIn(r *http.Request) bool {
	name, password, ok := r.BasicAuth()
	return ok && hmac.Equal([]byte(name), []byte(a.name)) && hmac.Equal([]byte(password), []byte(a.password))
}

func withAuth(next http.Handler, o options) (http.Handler, error) {
	if o.auth == "none" {
		return next, nil
	}
	name, password, ok := strings.Cut(o.user, ":")
	if !ok {
		return nil, fmt.Errorf("-auth %s needs -user name:password", o.auth)
	}
	user := account{name: name, password: password}
	switch o.auth {
	case "basic":
		return withBasic(next, user), nil
	case "bearer":
		return withBearer(next, user, o.tokenTTL), nil
	}
	return nil, fmt.Errorf("-auth %q is none of none, basic, bearer", o.auth)
}

func withBasic(next http.Handler, user account) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !user.signedIn(r) {
			refuse(w, `Basic realm="testbed"`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// grant is what a bearer token says: these scopes, until then.
type grant struct {
	Scopes  []string  `json:"scopes"`
	Expires time.Time `json:"expires"`
}

// allows tells whether the grant holds the action on the repository ("repository:NAME:pull,push").
func (g grant) allows(repository, action string) bool {
	return slices.ContainsFunc(g.Scopes, func(scope string) bool {
		actions, ok := strings.CutPrefix(scope, "repository:"+repository+":")
		return ok && slices.Contains(strings.Split(actions, ","), action)
	})
}

// bearer does token authentication as in the distribution project's "Token Authentication Specification": a request
// without a good token is sent to the realm, which checks the password and grants the scopes asked for.
type bearer struct {
	user account
	ttl  time.Duration
	key  []byte
}

func withBearer(next http.Handler, user account, ttl time.Duration) http.Handler {
	b := bearer{user: user, ttl: ttl, key: make([]byte, 32)}
	rand.Read(b.key)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /token", b.grant)
	mux.Handle("/", b.guard(next))
	return mux
}

// grant is the realm.
func (b bearer) grant(w http.ResponseWriter, r *http.Request) {
	if !b.user.signedIn(r) {
		refuse(w, `Basic realm="testbed"`)
		return
	}
	var scopes []string
	for _, each := range r.URL.Query()["scope"] {
		scopes = append(scopes, strings.Fields(each)...)
	}
	token := sign(b.key, grant{Scopes: scopes, Expires: time.Now().Add(b.ttl)})
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"token": token, "expires_in": int(b.ttl.Seconds())})
}

// guard lets through who holds a token for what is asked.
func (b bearer) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, repository := pathKind(r.URL.Path)
		held, ok := verify(b.key, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		switch {
		case !ok:
			refuse(w, challenge(r, repository))
		case repository != "" && !held.allows(repository, actionOf(r)):
			refuse(w, challenge(r, repository)+`,error="insufficient_scope"`)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func actionOf(r *http.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return "pull"
	}
	return "push"
}

// challenge says where a token is to be had, and for which scope.
func challenge(r *http.Request, repository string) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	said := fmt.Sprintf(`Bearer realm="%s://%s/token",service="%s"`, scheme, r.Host, service)
	if repository == "" {
		return said
	}
	actions := "pull"
	if actionOf(r) == "push" {
		actions = "pull,push"
	}
	return said + fmt.Sprintf(`,scope="repository:%s:%s"`, repository, actions)
}

func refuse(w http.ResponseWriter, challenge string) {
	w.Header().Set("WWW-Authenticate", challenge)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	fmt.Fprint(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)
}

func sign(key []byte, g grant) string {
	body, err := json.Marshal(g)
	if err != nil {
		panic(err) // a struct of strings and a time always has a JSON form
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return base64.RawURLEncoding.EncodeToString(body) + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func verify(key []byte, token string) (grant, bool) {
	var g grant
	head, tail, ok := strings.Cut(token, ".")
	if !ok {
		return g, false
	}
	body, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return g, false
	}
	sum, err := base64.RawURLEncoding.DecodeString(tail)
	if err != nil {
		return g, false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	if !hmac.Equal(mac.Sum(nil), sum) || json.Unmarshal(body, &g) != nil {
		return g, false
	}
	return g, time.Now().Before(g.Expires)
}
