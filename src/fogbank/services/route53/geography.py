"""The places that geolocation routing knows: continents, their countries, and the parts of two of these.

Route 53 Developer Guide, "Values specific for geolocation records": which countries are on which continent, and that
there are no records for BV, CX, EH and HM. Codes and names are those of ISO 3166, and of the postal service of the US.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

CONTINENTS: Mapping[str, str] = MappingProxyType(
    {
        "AF": "Africa",
        "AN": "Antarctica",
        "AS": "Asia",
        "EU": "Europe",
        "NA": "North America",
        "OC": "Oceania",
        "SA": "South America",
    }
)
DEFAULT = "*"
"""Stands for a country in the record of all other places."""


def _read(text: str) -> dict[str, str]:
    """`AD Andorra|AE United Arab Emirates` by code."""
    return dict(sorted((one[:2], one[3:]) for one in text.replace("\n", "|").split("|") if one))


COUNTRIES: Mapping[str, str] = MappingProxyType(
    _read("""
AD Andorra|AE United Arab Emirates|AF Afghanistan|AG Antigua and Barbuda|AI Anguilla|AL Albania|AM Armenia
AO Angola|AQ Antarctica|AR Argentina|AS American Samoa|AT Austria|AU Australia|AW Aruba|AX Åland Islands
AZ Azerbaijan|BA Bosnia and Herzegovina|BB Barbados|BD Bangladesh|BE Belgium|BF Burkina Faso|BG Bulgaria
BH Bahrain|BI Burundi|BJ Benin|BL Saint Barthélemy|BM Bermuda|BN Brunei Darussalam|BO Bolivia
BQ Bonaire, Sint Eustatius and Saba|BR Brazil|BS Bahamas|BT Bhutan|BW Botswana|BY Belarus|BZ Belize|CA Canada
CC Cocos (Keeling) Islands|CD Congo, The Democratic Republic of the|CF Central African Republic|CG Congo
CH Switzerland|CI Côte d'Ivoire|CK Cook Islands|CL Chile|CM Cameroon|CN China|CO Colombia|CR Costa Rica
CU Cuba|CV Cabo Verde|CW Curaçao|CY Cyprus|CZ Czechia|DE Germany|DJ Djibouti|DK Denmark|DM Dominica
DO Dominican Republic|DZ Algeria|EC Ecuador|EE Estonia|EG Egypt|ER Eritrea|ES Spain|ET Ethiopia|FI Finland
FJ Fiji|FK Falkland Islands (Malvinas)|FM Micronesia, Federated States of|FO Faroe Islands|FR France|GA Gabon
GB United Kingdom|GD Grenada|GE Georgia|GF French Guiana|GG Guernsey|GH Ghana|GI Gibraltar|GL Greenland
GM Gambia|GN Guinea|GP Guadeloupe|GQ Equatorial Guinea|GR Greece
GS South Georgia and the South Sandwich Islands|GT Guatemala|GU Guam|GW Guinea-Bissau|GY Guyana|HK Hong Kong
HN Honduras|HR Croatia|HT Haiti|HU Hungary|ID Indonesia|IE Ireland|IL Israel|IM Isle of Man|IN India
IO British Indian Ocean Territory|IQ Iraq|IR Iran|IS Iceland|IT Italy|JE Jersey|JM Jamaica|JO Jordan|JP Japan
KE Kenya|KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM Comoros|KN Saint Kitts and Nevis|KP North Korea
KR South Korea|KW Kuwait|KY Cayman Islands|KZ Kazakhstan|LA Laos|LB Lebanon|LC Saint Lucia|LI Liechtenstein
LK Sri Lanka|LR Liberia|LS Lesotho|LT Lithuania|LU Luxembourg|LV Latvia|LY Libya|MA Morocco|MC Monaco
MD Moldova|ME Montenegro|MF Saint Martin (French part)|MG Madagascar|MH Marshall Islands|MK North Macedonia
ML Mali|MM Myanmar|MN Mongolia|MO Macao|MP Northern Mariana Islands|MQ Martinique|MR Mauritania|MS Montserrat
MT Malta|MU Mauritius|MV Maldives|MW Malawi|MX Mexico|MY Malaysia|MZ Mozambique|NA Namibia|NC New Caledonia
NE Niger|NF Norfolk Island|NG Nigeria|NI Nicaragua|NL Netherlands|NO Norway|NP Nepal|NR Nauru|NU Niue
NZ New Zealand|OM Oman|PA Panama|PE Peru|PF French Polynesia|PG Papua New Guinea|PH Philippines|PK Pakistan
PL Poland|PM Saint Pierre and Miquelon|PN Pitcairn|PR Puerto Rico|PS Palestine, State of|PT Portugal|PW Palau
PY Paraguay|QA Qatar|RE Réunion|RO Romania|RS Serbia|RU Russian Federation|RW Rwanda|SA Saudi Arabia
SB Solomon Islands|SC Seychelles|SD Sudan|SE Sweden|SG Singapore
SH Saint Helena, Ascension and Tristan da Cunha|SI Slovenia|SJ Svalbard and Jan Mayen|SK Slovakia
SL Sierra Leone|SM San Marino|SN Senegal|SO Somalia|SR Suriname|SS South Sudan|ST Sao Tome and Principe
SV El Salvador|SX Sint Maarten (Dutch part)|SY Syria|SZ Eswatini|TC Turks and Caicos Islands|TD Chad
TF French Southern Territories|TG Togo|TH Thailand|TJ Tajikistan|TK Tokelau|TL Timor-Leste|TM Turkmenistan
TN Tunisia|TO Tonga|TR Türkiye|TT Trinidad and Tobago|TV Tuvalu|TW Taiwan|TZ Tanzania|UA Ukraine|UG Uganda
UM United States Minor Outlying Islands|US United States|UY Uruguay|UZ Uzbekistan
VA Holy See (Vatican City State)|VC Saint Vincent and the Grenadines|VE Venezuela|VG Virgin Islands, British
VI Virgin Islands, U.S.|VN Vietnam|VU Vanuatu|WF Wallis and Futuna|WS Samoa|XK Kosovo|YE Yemen|YT Mayotte
ZA South Africa|ZM Zambia|ZW Zimbabwe
""")
)
SUBDIVISIONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "UA": _read("""
05 Vinnytska oblast|07 Volynska oblast|09 Luhanska oblast|12 Dnipropetrovska oblast|14 Donetska oblast
18 Zhytomyrska oblast|21 Zakarpatska oblast|23 Zaporizka oblast|26 Ivano-Frankivska oblast|30 Kyiv
32 Kyivska oblast|35 Kirovohradska oblast|40 Sevastopol|43 Avtonomna Respublika Krym|46 Lvivska oblast
48 Mykolaivska oblast|51 Odeska oblast|53 Poltavska oblast|56 Rivnenska oblast|59 Sumska oblast
61 Ternopilska oblast|63 Kharkivska oblast|65 Khersonska oblast|68 Khmelnytska oblast|71 Cherkaska oblast
74 Chernihivska oblast|77 Chernivetska oblast
"""),
        "US": _read("""
AK Alaska|AL Alabama|AR Arkansas|AZ Arizona|CA California|CO Colorado|CT Connecticut|DC District of Columbia
DE Delaware|FL Florida|GA Georgia|HI Hawaii|IA Iowa|ID Idaho|IL Illinois|IN Indiana|KS Kansas|KY Kentucky
LA Louisiana|MA Massachusetts|MD Maryland|ME Maine|MI Michigan|MN Minnesota|MO Missouri|MS Mississippi
MT Montana|NC North Carolina|ND North Dakota|NE Nebraska|NH New Hampshire|NJ New Jersey|NM New Mexico
NV Nevada|NY New York|OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|RI Rhode Island|SC South Carolina
SD South Dakota|TN Tennessee|TX Texas|UT Utah|VA Virginia|VT Vermont|WA Washington|WI Wisconsin
WV West Virginia|WY Wyoming
"""),
    }
)
_COUNTRIES_OF: Mapping[str, str] = MappingProxyType(
    {
        "AF": (
            "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU "
            "MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW"
        ),
        "AN": "AQ GS TF",
        "AS": (
            "AE AF AM AZ BD BH BN BT CC CN GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO "
            "MV MY NP OM PH PK PS QA SA SG SY TH TJ TM TR TW UZ VN YE"
        ),
        "EU": (
            "AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU "
            "LV MC MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK"
        ),
        "NA": (
            "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM "
            "PR SV SX TC TT US VC VG VI"
        ),
        "OC": "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TL TO TV UM VU WF WS",
        "SA": "AR BO BR CL CO EC FK GF GY PE PY SR UY VE",
    }
)
CONTINENT_OF: Mapping[str, str] = MappingProxyType(
    {country: continent for continent, text in _COUNTRIES_OF.items() for country in text.split()}
)
_DEFAULT_ROW = {"CountryCode": DEFAULT, "CountryName": "Default"}


def details(given: Mapping[str, Any]) -> dict[str, str] | None:
    """A place as `GetGeoLocation` shows it; the default where none is named; None where there is no such place."""
    continent, country, part = (given.get(f"{noun}Code", "") for noun in ("Continent", "Country", "Subdivision"))
    if continent:
        name = CONTINENTS.get(continent)
        return {"ContinentCode": continent, "ContinentName": name} if name and not country and not part else None
    if country in ("", DEFAULT):
        return dict(_DEFAULT_ROW) if not part else None
    if country not in COUNTRIES:
        return None
    row = {"CountryCode": country, "CountryName": COUNTRIES[country]}
    if not part:
        return row
    name = SUBDIVISIONS.get(country, {}).get(part)
    return {**row, "SubdivisionCode": part, "SubdivisionName": name} if name else None


def listed() -> list[dict[str, str]]:
    """All places in the order that they are listed in: continents, the default, countries each before its parts."""
    rows = [{"ContinentCode": code, "ContinentName": name} for code, name in CONTINENTS.items()]
    rows.append(dict(_DEFAULT_ROW))
    for code, name in COUNTRIES.items():
        row = {"CountryCode": code, "CountryName": name}
        parts = SUBDIVISIONS.get(code, {})
        rows += [row, *({**row, "SubdivisionCode": one, "SubdivisionName": parts[one]} for one in parts)]
    return rows


def order(row: Mapping[str, str]) -> tuple[bool, str, str, str]:
    """What places are listed by."""
    return (
        "ContinentCode" not in row,
        row.get("ContinentCode", ""),
        row.get("CountryCode", ""),
        row.get("SubdivisionCode", ""),
    )


def fault(location: Mapping[str, Any]) -> str:
    """What is wrong with the location of a record set; empty if nothing is."""
    if "ContinentCode" in location and len(location) > 1:
        return "ContinentCode may not be given together with CountryCode or SubdivisionCode"
    if "SubdivisionCode" in location and "CountryCode" not in location:
        return "SubdivisionCode must be given together with CountryCode"
    if not location:
        return "a location must have a ContinentCode or a CountryCode"
    return "" if details(location) is not None else f"there is no location {_told(location)}"


def _told(location: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in location.items())
