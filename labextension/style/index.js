import './base.css';
import './cells.css';
import './forms.css';
import './views.css';
