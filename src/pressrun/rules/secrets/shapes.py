r"""The shapes of known tokens, as data.

Every pattern begins with a boundary and a literal, goes on with runs of character classes that do not overlap their
neighbours, and nests no repeats, so that a search takes time linear in the text whatever the text is.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Check = Literal["", "github", "crc", "jwt", "pypi", "mixed", "hex", "basic"]


class Shape(msgspec.Struct, frozen=True):
    r"""One kind of token.

    Attributes:
        name: of the rule.
        words: a text that holds none of them (as they are written) has no such token.
        pattern: the token; where it has a group, the secret is the group's text.
        check: what else must hold, by name (`pressrun.rules.secrets.checks`).
        near: an expression that must match in the 80 characters before the token, on its line or the line before;
            for tokens that look like any other digest.
        public: how many leading characters of the value may be shown.
        back: how many characters of the token may stand before the word; it begins with the word where this is 0. A
            token with `near` begins somewhere behind the word instead.
    """

    name: str
    words: tuple[str, ...]
    pattern: re.Pattern[str]
    check: Check = ""
    near: re.Pattern[str] | None = None
    public: int = 0
    back: int = 0


def _shape(
    name: str, words: str, pattern: str, *, check: Check = "", near: str = "", public: int | None = None, back: int = 0
) -> Shape:
    r"""Return a shape; `words` stand apart by spaces, ``@`` in front of the pattern is a boundary for its class.

    ``@`` is ``(?<![A-Za-z0-9])``; ``@-`` also refuses ``_`` and ``-`` in front, for classes that hold them.
    """
    if pattern.startswith("@-"):
        pattern = r"(?<![\w-])" + pattern[2:]
    elif pattern.startswith("@"):
        pattern = "(?<![A-Za-z0-9])" + pattern[1:]
    listed = tuple(words.split())
    shown = min(len(word) for word in listed) if public is None else public
    return Shape(
        name, listed, re.compile(pattern), check, re.compile(near, re.IGNORECASE) if near else None, shown, back
    )


_END = "(?![A-Za-z0-9])"  # the end of a token that is made of letters and digits
_HEX32 = "(?<![A-Za-z0-9_-])[0-9a-f]{32}(?![A-Za-z0-9_-])"
_HEX40 = "(?<![A-Za-z0-9_-])[0-9a-f]{40}(?![A-Za-z0-9_-])"

SHAPES: tuple[Shape, ...] = (
    # clouds
    _shape("aws-access-key", "AKIA ASIA ABIA ACCA", f"@(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{{16}}{_END}"),
    _shape("aws-bedrock-key", "ABSK", "@ABSK[A-Za-z0-9+/]{100,}={0,2}"),
    _shape("aws-bedrock-key", "bedrock-api-key-", "@-bedrock-api-key-[A-Za-z0-9+/]{40,}={0,2}"),
    _shape("google-api-key", "AIza", r"@-AIza[\w-]{35}(?![\w-])"),
    _shape("google-oauth-secret", "GOCSPX-", r"@-GOCSPX-[\w-]{20,}"),
    _shape("google-oauth-token", "ya29.", r"@ya29\.[\w-]{30,}"),
    _shape("google-refresh-token", "1//0", r"@1//0[\w-]{35,}"),
    _shape("azure-storage-key", "AccountKey= SharedAccessKey= AccessKey= accountkey= sharedaccesskey=",
           r"(?<![A-Za-z])(?:[Aa]ccount[Kk]ey|[Ss]hared[Aa]ccess[Kk]ey|[Aa]ccess[Kk]ey)=([A-Za-z0-9+/]{40,}={0,2})",
           public=0),
    _shape("azure-sas", "sig=", r"[?&;]sig=([A-Za-z0-9%+/]{40,}={0,2})", public=0, back=1),
    _shape("azure-client-secret", "Q~", r"(?<![\w.~-])[\w.~]{3}[0-9]Q~[\w.~-]{31,34}(?![\w.~-])", public=0, back=4),
    _shape("azure-devops-token", "AZDO", "@[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}" + _END, public=0, back=76),
    _shape("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", f"@do[opr]_v1_[0-9a-f]{{64}}{_END}"),
    _shape("alibaba-access-key", "LTAI", f"@LTAI[A-Za-z0-9]{{20}}{_END}", check="mixed"),
    _shape("heroku-key", "HRKU-", r"@-HRKU-AA[\w-]{58}"),
    _shape("fly-token", "fo1_ fm1r_ fm1a_ fm2_", r"@-(?:fo1_|fm1r_|fm1a_|fm2_)[\w+/-]{43,}={0,3}"),
    # code and packages
    _shape("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", f"(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{{36}}{_END}",
           check="github"),
    _shape("github-token", "ghs_ ghu_", r"@gh[su]_[0-9]{1,12}_eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    _shape("github-fine-grained-token", "github_pat_", r"@github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}" + _END),
    _shape("gitlab-token", "glpat- gldt- glrt- glptt- glsoat- glcbt- gloas- glft- glimt- glagent- glffct-",
           r"@-gl(?:pat|dt|rt|ptt|soat|cbt|oas|ft|imt|agent|ffct)-[\w-]{20,}(?:\.[0-9a-z]{2}\.?[0-9a-z]{7})?",
           public=6),
    _shape("gitlab-token", "GR1348941", r"@-GR1348941[\w-]{20,}"),
    _shape("bitbucket-token", "ATBB", f"@ATBB[A-Za-z0-9]{{32}}{_END}", check="mixed"),
    _shape("atlassian-token", "ATATT3", r"@-ATATT3[\w=-]{60,}"),
    _shape("npm-token", "npm_", f"@npm_[A-Za-z0-9]{{36}}{_END}", check="crc"),
    _shape("pypi-token", "pypi-Ag", r"@-pypi-Ag[\w-]{50,}", check="pypi"),
    _shape("docker-token", "dckr_pat_ dckr_oat_", r"@-dckr_[po]at_[\w-]{24,}"),
    _shape("rubygems-token", "rubygems_", f"@rubygems_[0-9a-f]{{48}}{_END}"),
    _shape("artifactory-token", "AKCp cmVmd", f"@(?:AKCp[A-Za-z0-9]{{69}}|cmVmd[A-Za-z0-9]{{59}}){_END}"),
    _shape("anaconda-token", "/t/",
           r"/t/([a-z]{2}-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?=/)", public=0),
    # models and data
    _shape("openai-key", "sk-", r"@-sk-(?:proj|svcacct|admin|None)-[\w-]{40,}", check="mixed", public=3),
    _shape("openai-key", "sk-", f"@-sk-[A-Za-z0-9]{{40,64}}{_END}", check="mixed", public=3),
    _shape("anthropic-key", "sk-ant-", r"@-sk-ant-[\w-]{32,}", check="mixed"),
    _shape("openrouter-key", "sk-or-", r"@-sk-or-[\w-]{40,}", check="mixed"),
    _shape("hugging-face-token", "hf_ api_org_", f"@(?:hf|api_org)_[A-Za-z0-9]{{32,40}}{_END}", check="mixed",
           public=3),
    _shape("databricks-token", "dapi", "@dapi[0-9a-f]{32}(?:-[0-9]{1,2})?(?![A-Za-z0-9-])"),
    _shape("databricks-token", "dose", "@dose[0-9a-f]{32}" + _END),
    _shape("wandb-key", "local-", "(?<![A-Za-z0-9_-])local-[0-9a-f]{40}(?![A-Za-z0-9_-])"),
    _shape("wandb-key", "wandb_v1_", r"@-wandb_v1_[\w-]{40,}"),
    _shape("wandb-key", "wandb WANDB Wandb W&B", _HEX40, check="hex", near=r"wandb|w&b", public=0),
    _shape("kaggle-key", "KGAT_", "@KGAT_[0-9a-f]{32}" + _END),
    _shape("kaggle-key", "kaggle KAGGLE Kaggle username", _HEX32, check="hex",
           near=r'kaggle[\w ]{0,16}key|"username\\{0,3}"[^\n]{1,60}"key\\{0,3}"', public=0),
    _shape("replicate-token", "r8_", f"@r8_[A-Za-z0-9]{{37}}{_END}", check="mixed"),
    _shape("groq-key", "gsk_", f"@gsk_[A-Za-z0-9]{{52}}{_END}", check="mixed"),
    _shape("xai-key", "xai-", f"@-xai-[A-Za-z0-9]{{70,90}}{_END}", check="mixed"),
    _shape("perplexity-key", "pplx-", f"@-pplx-[A-Za-z0-9]{{40,64}}{_END}", check="mixed"),
    _shape("langsmith-key", "lsv2_", "@lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}" + _END),
    _shape("pinecone-key", "pcsk_", r"@pcsk_[A-Za-z0-9]{5,6}_[A-Za-z0-9]{60,70}" + _END),
    _shape("neptune-token", "eyJhcGlfYWRkcmVzcyI6", "@eyJhcGlfYWRkcmVzcyI6[A-Za-z0-9+/]{40,}={0,2}"),
    _shape("planetscale-token", "pscale_", r"@-pscale_(?:tkn|pw|oauth)_[\w.=-]{32,}"),
    _shape("supabase-key", "sbp_ sb_secret_", r"@-(?:sbp_[0-9a-f]{40}|sb_secret_[\w-]{30,})"),
    _shape("grafana-token", "glsa_ glc_", r"@gl(?:sa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|c_[A-Za-z0-9+/]{32,}={0,3})"),
    # services
    _shape("slack-token", "xoxb- xoxp- xoxa- xoxo- xoxr- xoxs- xoxe- xoxe.", r"@-xox[abeoprs][-.][A-Za-z0-9-]{18,}",
           check="mixed"),
    _shape("slack-token", "xapp-", r"@-xapp-[0-9]-[A-Za-z0-9]{6,}-[0-9]{6,}-[A-Za-z0-9]{20,}"),
    _shape("slack-webhook", "hooks.slack.com/",
           r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9+/_-]{30,})", public=0),
    _shape("discord-webhook", "/api/webhooks/", r"/api/webhooks/[0-9]{15,21}/([\w-]{40,})", public=0),
    _shape("discord-token", "discord DISCORD Discord",
           r"(?<![\w-])[MNO][A-Za-z0-9]{23,27}\.[\w-]{6}\.[\w-]{27,}", near="discord", public=0),
    _shape("teams-webhook", "webhook.office.com/",
           r"webhook\.office\.com/webhookb2/([0-9a-f@-]{36,}/IncomingWebhook/[0-9a-f]{32})", public=0),
    _shape("stripe-key", "sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_ rk_prod_",
           "@[rs]k_(?:live|test|prod)_[A-Za-z0-9]{16,}"),
    _shape("stripe-key", "whsec_", "@whsec_[A-Za-z0-9+/]{24,}={0,2}"),
    _shape("square-token", "sq0atp- sq0csp-", r"@-sq0(?:atp|csp)-[\w-]{22,}"),
    _shape("shopify-token", "shpat_ shpca_ shppa_ shpss_", f"@shp(?:at|ca|pa|ss)_[0-9a-fA-F]{{32}}{_END}"),
    _shape("telegram-token", ":AA", r"(?<![A-Za-z0-9:/.-])(?:bot)?[0-9]{8,10}:AA[\w-]{33}(?![\w-])", check="mixed",
           public=0, back=14),
    _shape("telegram-token", "/bot", r"/bot([0-9]{8,10}:AA[\w-]{33})(?![\w-])", check="mixed", public=0),
    _shape("twilio-key", "SK", f"@SK[0-9a-f]{{32}}{_END}", check="hex"),
    _shape("twilio-token", "twilio TWILIO Twilio", _HEX32, check="hex", near="twilio|auth_?token", public=0),
    _shape("sendgrid-key", "SG.", r"@SG\.[\w-]{16,32}\.[\w-]{32,}", check="mixed"),
    _shape("mailgun-key", "key-", "@-key-[0-9a-f]{32}(?![A-Za-z0-9-])", check="hex"),
    _shape("mailgun-key", "mailgun MAILGUN Mailgun", "@[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?![0-9a-f-])",
           near="mailgun", public=0),
    _shape("mailchimp-key", "-us", "@[0-9a-f]{32}-us[0-9]{1,2}(?![0-9a-z])", check="hex", public=0, back=32),
    _shape("datadog-key", "datadog DATADOG Datadog DD_", f"(?:{_HEX32}|{_HEX40})", check="hex", near="datadog|dd_a",
           public=0),
    _shape("new-relic-key", "NRAK- NRII- NRJS-", "@NR(?:AK-[A-Z0-9]{27}|II-[A-Za-z0-9_-]{32}|JS-[a-f0-9]{19})" + _END),
    _shape("new-relic-key", "NRAL", "@[0-9a-f]{30,36}NRAL" + _END, public=0, back=36),
    _shape("vault-token", "hvs. hvb. hvr.", r"@hv[bsr]\.[\w-]{24,}", check="mixed"),
    _shape("vault-token", "vault VAULT Vault", r"(?<![\w.])s\.[A-Za-z0-9]{24}(?![A-Za-z0-9_.(\[])", check="mixed",
           near="vault"),
    _shape("terraform-token", ".atlasv1.", r"@[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,}", public=0, back=14),
    _shape("pulumi-token", "pul-", f"@-pul-[0-9a-f]{{40}}{_END}"),
    _shape("doppler-token", "dp.pt. dp.st. dp.sa.", r"@dp\.(?:pt|st|sa)\.[\w.-]{40,}"),
    _shape("linear-key", "lin_api_", f"@lin_api_[A-Za-z0-9]{{40}}{_END}"),
    _shape("notion-token", "ntn_ secret_", f"@(?:ntn_[0-9]{{11}}[A-Za-z0-9]{{35}}|secret_[A-Za-z0-9]{{43}}){_END}",
           check="mixed", public=4),
    _shape("airtable-token", "pat", f"@pat[A-Za-z0-9]{{14}}\\.[0-9a-f]{{64}}{_END}"),
    _shape("postman-key", "PMAK-", "@-PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    _shape("sentry-token", "sntryu_ sntrys_", r"@sntry(?:u_[0-9a-f]{64}|s_eyJ[\w+/=-]{40,})"),
    _shape("prefect-key", "pnu_ pnb_", f"@pn[ub]_[A-Za-z0-9]{{36}}{_END}", check="mixed"),
    _shape("mapbox-secret", "sk.eyJ", r"@sk\.eyJ[\w-]{20,}\.[\w-]{20,}"),
    _shape("1password-token", "ops_eyJ", "@ops_eyJ[A-Za-z0-9+/_-]{100,}={0,3}"),
    _shape("age-secret-key", "AGE-SECRET-KEY-1", "@AGE-SECRET-KEY-1[A-Z0-9]{58}", public=16),
    # in any service
    _shape("jwt", "eyJ", r"(?<![\w.-])eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{16,}", check="jwt"),
    _shape("bearer-token", "Bearer bearer BEARER",
           r"(?:Bearer|bearer|BEARER)[ \t]{1,4}([A-Za-z0-9._~+/-]{20,}={0,2})", check="mixed", public=0),
    _shape("basic-authorization", "Basic basic BASIC",
           r"(?:Basic|basic|BASIC)[ \t]{1,4}([A-Za-z0-9+/]{12,}={0,2})", check="basic", public=0),
)  # fmt: skip

SECRET_KEY = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
"""The secret that belongs to an AWS key id: it has no prefix of its own, so it counts only beside one."""

PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
"""The head of a private key in PEM, OpenSSH's own format or PGP; what follows is checked by hand."""
