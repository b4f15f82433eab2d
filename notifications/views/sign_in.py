"""Who comes in."""

from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required

from notifications.forms.sign_in import SignInForm

sign_in = login_not_required(
    auth_views.LoginView.as_view(
        template_name="sign_in/page.html", authentication_form=SignInForm, redirect_authenticated_user=True
    )
)
sign_out = auth_views.LogoutView.as_view()
